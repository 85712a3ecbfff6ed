"""entrepot storage on Azure Blob Storage."""
