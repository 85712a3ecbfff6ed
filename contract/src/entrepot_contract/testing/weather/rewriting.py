"""Replacement of a backend's address in options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from entrepot_contract.testing.weather.proxy import Address

__all__ = ["through"]

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def through(options: Mapping[str, object], endpoint: Address, proxy: Address) -> dict[str, object]:
    """Return options in which ``endpoint`` is replaced by ``proxy``, at any depth.

    It replaces ``host:port`` in every string, and a port that is a value beside its host in the same mapping. A name of
    the loopback interface is kept, because it may be part of a certificate.

    Raises LookupError if the options do not contain the endpoint.
    """
    found = Rewriting(endpoint, proxy)
    rewritten = {name: found.value(each) for name, each in found.mapping(options).items()}
    if not found.count:
        host, port = endpoint
        raise LookupError(
            f"the options do not contain the endpoint, neither {_joined(host, port)!r} in a string nor the port {port} "
            f"beside the host {host!r}: return it from `endpoint` as it is spelled in `config`"
        )
    return rewritten


class Rewriting:
    """One replacement, with the number of places that were found."""

    def __init__(self, endpoint: Address, proxy: Address) -> None:
        self.host, self.port = endpoint
        self.to_host = self.host if self.host in LOOPBACK else proxy[0]
        self.to_port = proxy[1]
        self.pattern = re.compile(rf"(?<![\w.\-:\[]){re.escape(_joined(*endpoint))}(?!\d)", re.IGNORECASE)
        self.count = 0

    def value(self, value: object) -> object:
        """Return a value with the replacements."""
        if isinstance(value, str):
            text, count = self.pattern.subn(_joined(self.to_host, self.to_port), value)
            self.count += count
            return text
        if isinstance(value, Mapping):
            return {name: self.value(each) for name, each in self.mapping(value).items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return value

    def mapping(self, options: Mapping[str, object]) -> Mapping[str, object]:
        """Return a mapping in which a host and a port that are separate values are replaced."""
        ports = [name for name, each in options.items() if each in (self.port, str(self.port)) and each is not True]
        hosts = [name for name, each in options.items() if isinstance(each, str) and each.lower() == self.host.lower()]
        if not ports or not hosts:
            return options
        self.count += 1
        changed = {name: type(options[name])(self.to_port) for name in ports}  # type: ignore[call-arg]  # int or str
        return {**options, **changed, **dict.fromkeys(hosts, self.to_host)}


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
