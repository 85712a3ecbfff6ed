"""entrepot storage on Google Cloud Storage."""
