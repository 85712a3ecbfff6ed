"""What a run has measured, apart from how it was measured and how it is shown."""
