"""Push and pull benchmarks of entrepot's backends beside peers."""
