"""Events of the registry, told to a URL."""
