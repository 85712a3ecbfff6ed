"""Docker's token authentication for entrepot: verifies bearer tokens, and issues them."""
