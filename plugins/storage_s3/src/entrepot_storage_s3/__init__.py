"""entrepot storage on Amazon S3 and what speaks its protocol."""
