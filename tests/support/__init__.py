"""The programs that the tests run: servers and clients, each with its own directories, on 127.0.0.1 only."""
