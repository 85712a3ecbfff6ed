"""The load generator: HTTP over plain sockets, with each client in a separate process."""
