"""entrepot storage on a local or network filesystem, in Docker Distribution's layout."""
