"""Users of an htpasswd file for entrepot."""
