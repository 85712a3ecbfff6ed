"""Serve entrepot with gunicorn: TLS whose client certificates become identities."""
