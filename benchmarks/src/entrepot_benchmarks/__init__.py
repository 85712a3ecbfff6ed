"""Push and pull benchmarks for entrepot's storage backends and other registries."""
