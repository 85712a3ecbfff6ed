"""The servers that are measured: real processes on free ports of 127.0.0.1, with data under one directory."""
