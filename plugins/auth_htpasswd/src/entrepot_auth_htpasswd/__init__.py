"""htpasswd authentication for entrepot."""

from entrepot_auth_htpasswd.authenticator import HtpasswdAuthenticator
from entrepot_auth_htpasswd.options import HtpasswdOptions

__all__ = ["HtpasswdAuthenticator", "HtpasswdOptions"]
