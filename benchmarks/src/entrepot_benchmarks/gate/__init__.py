"""Whether entrepot has become slower: ratios to a peer, measured now, beside those of a stored baseline."""
