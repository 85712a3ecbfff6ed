"""entrepot storage on Azure Blob Storage."""

from entrepot_storage_azure.driver import AzureDriver
from entrepot_storage_azure.options import AzureOptions

__all__ = ["AzureDriver", "AzureOptions"]
