"""What is measured: each module makes measures of one kind."""
