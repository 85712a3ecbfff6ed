"""The rules of the OCI Distribution Specification as tables: sentence, requests, what must come back."""
