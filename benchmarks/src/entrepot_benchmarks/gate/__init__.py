"""Detection of performance regressions: compares ratios to a peer with a stored baseline."""
