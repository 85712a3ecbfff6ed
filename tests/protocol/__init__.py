"""The rules of the OCI Distribution Specification as tables: a sentence, requests, and the expected responses."""
