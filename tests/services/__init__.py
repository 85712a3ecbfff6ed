"""The real programs that the tests drive: servers and clients, each with folders of its own, on 127.0.0.1 only."""
