"""The measured servers: real processes on free ports of 127.0.0.1, with data below one directory."""
