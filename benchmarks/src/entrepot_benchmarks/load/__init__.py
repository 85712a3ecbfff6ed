"""The load generator: requests on bare sockets, by clients that are processes of their own."""
