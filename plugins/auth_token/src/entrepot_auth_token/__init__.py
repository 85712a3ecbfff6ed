"""Docker token authentication for entrepot: verifies bearer tokens and issues them."""

from entrepot_auth_token.authenticator import TokenAuthenticator
from entrepot_auth_token.options import TokenOptions

__all__ = ["TokenAuthenticator", "TokenOptions"]
