"""Serve entrepot with granian: streamed bodies, HTTP/2, TLS, one worker per core."""
