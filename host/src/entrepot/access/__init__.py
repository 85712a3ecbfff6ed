"""Access control: authentication, access rules and limits."""

from entrepot.access.authority import HostAuthority
from entrepot.access.clients import ClientAddresses
from entrepot.access.gate import Gate
from entrepot.access.limits import Limits
from entrepot.access.rules import Rule, Rules

__all__ = ["ClientAddresses", "Gate", "HostAuthority", "Limits", "Rule", "Rules"]
