"""The results of a run, independent of measurement and presentation."""
