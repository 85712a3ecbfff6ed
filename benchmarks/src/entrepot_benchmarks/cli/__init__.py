"""The command ``entrepot bench``."""
