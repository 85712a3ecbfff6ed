"""Bad weather for drivers of networked backends: a proxy that fails as networks do, and the options to use it."""

from __future__ import annotations

from entrepot_contract.testing.weather.places import refusing, silent
from entrepot_contract.testing.weather.proxy import Address, How, Proxy
from entrepot_contract.testing.weather.rewriting import through

__all__ = ["Address", "How", "Proxy", "refusing", "silent", "through"]
