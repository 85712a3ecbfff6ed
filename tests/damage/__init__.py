"""A storage tree with each kind of damage, and what a registry answers on it."""
