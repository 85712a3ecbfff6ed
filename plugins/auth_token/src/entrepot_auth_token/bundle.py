"""Certificate bundles, and verification of ``x5c`` chains against them."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)
from joserfc.jwk import Key

from entrepot_auth_token.keys import PublicKey, Trusted, fingerprint, key_of, thumbprint
from entrepot_contract.auth import Refused

__all__ = ["leaf_key", "parse_bundle"]

_MAX_CHAIN: Final = 8
"""Maximum number of certificates in a chain, including leaf and root."""

_log = logging.getLogger(__name__)


def parse_bundle(content: bytes) -> Trusted:
    """Parse a PEM file of root certificates, whose own keys are trusted too, as in Distribution.

    A key is named by its RFC 7638 thumbprint and its libtrust fingerprint. Raises ValueError.
    """
    certificates = x509.load_pem_x509_certificates(content)
    return Trusted.of(_named(certificates), certificates)


def _named(certificates: Sequence[x509.Certificate]) -> Iterator[tuple[str, Key]]:
    for certificate in certificates:
        public = certificate.public_key()
        key = key_of(public)
        if key is None:
            _log.warning("certificate in rootcertbundle ignored: unsupported key type")
            continue
        yield thumbprint(key), key
        if isinstance(public, PublicKey):
            yield fingerprint(public), key


def leaf_key(chain: Sequence[object], roots: Sequence[x509.Certificate], now: datetime) -> Key:
    """Return the key of the first certificate of ``x5c`` (RFC 7515, 4.1.6) if the others lead from it to a root.

    - A trusted root certificate, self-signed or not, may be a chain of one.
    - Every certificate must be currently valid, and each issuing certificate must be a CA.

    Raises Refused if the chain is malformed or not trusted.
    """
    if not 0 < len(chain) <= _MAX_CHAIN:
        raise Refused(f"x5c must contain 1 to {_MAX_CHAIN} certificates")
    # Not chained, here and below: the library's messages quote the certificates sent by the client.
    try:
        leaf, *others = [x509.load_der_x509_certificate(base64.b64decode(str(one), validate=True)) for one in chain]
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
        raise Refused("x5c contains an invalid certificate") from None
    if not roots:
        raise Refused("x5c is not accepted: no rootcertbundle is configured")
    builder = PolicyBuilder().store(Store(list(roots))).time(now).max_chain_depth(_MAX_CHAIN - 2)
    builder = builder.extension_policies(ca_policy=_CA, ee_policy=ExtensionPolicy.permit_all())
    try:
        builder.build_client_verifier().verify(leaf, others)
        key = key_of(leaf.public_key())
    except (VerificationError, ValueError, UnsupportedAlgorithm):
        raise Refused("x5c does not lead to a root of rootcertbundle through valid certificates") from None
    if key is None:
        raise Refused("the first certificate of x5c has an unsupported key type")
    return key


def _is_ca(policy: Policy, certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("the issuing certificate is not a CA")


# Checks for web servers (names, purposes) do not apply to token keys, and Distribution makes none of them.
_CA: Final = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_ca)
