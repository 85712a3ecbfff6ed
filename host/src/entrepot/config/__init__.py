"""The configuration: Docker Distribution's file and environment, checked and typed."""

from entrepot.config.load import ConfigurationError, load_configuration
from entrepot.config.model import Configuration
from entrepot.config.to_settings import http_settings, registry_settings, server_settings

__all__ = [
    "Configuration",
    "ConfigurationError",
    "http_settings",
    "load_configuration",
    "registry_settings",
    "server_settings",
]
