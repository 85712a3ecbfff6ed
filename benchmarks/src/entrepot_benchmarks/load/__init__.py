"""The load generator: raw sockets for large bodies, processes for several streams, wrk for small requests."""
