"""The configuration: Docker Distribution's file and environment variables, validated and typed."""

from entrepot.config.load import ConfigurationError, load_configuration
from entrepot.config.model import Configuration
from entrepot.config.to_settings import (
    access_rules,
    http_settings,
    limit_settings,
    registry_settings,
    server_settings,
)

__all__ = [
    "Configuration",
    "ConfigurationError",
    "access_rules",
    "http_settings",
    "limit_settings",
    "load_configuration",
    "registry_settings",
    "server_settings",
]
