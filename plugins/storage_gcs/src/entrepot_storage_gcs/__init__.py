"""entrepot storage on Google Cloud Storage, in Docker Distribution's layout."""

from entrepot_storage_gcs.driver import GcsDriver
from entrepot_storage_gcs.options import GcsOptions

__all__ = ["GcsDriver", "GcsOptions"]
