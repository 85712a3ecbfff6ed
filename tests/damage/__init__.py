"""A storage tree with every kind of damage, and the responses of a registry."""
