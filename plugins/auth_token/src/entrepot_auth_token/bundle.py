"""Bundles of certificates, and chains that lead to one of them."""

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
"""Certificates in a chain, the leaf and the root with it."""

_log = logging.getLogger(__name__)


def parse_bundle(content: bytes) -> Trusted:
    """The certificates of a PEM file, which are roots and whose own keys are trusted, as in Distribution.

    A key's names are its RFC 7638 thumbprint and its libtrust fingerprint. Raises ValueError.
    """
    certificates = x509.load_pem_x509_certificates(content)
    return Trusted.of(_named(certificates), certificates)


def _named(certificates: Sequence[x509.Certificate]) -> Iterator[tuple[str, Key]]:
    for certificate in certificates:
        public = certificate.public_key()
        key = key_of(public)
        if key is None:
            _log.warning("a certificate of the bundle has a key of a type that signs no tokens")
            continue
        yield thumbprint(key), key
        if isinstance(public, PublicKey):
            yield fingerprint(public), key


def leaf_key(chain: Sequence[object], roots: Sequence[x509.Certificate], now: datetime) -> Key:
    """The key of the first certificate of ``x5c`` (RFC 7515, 4.1.6), where the others lead from it to a root.

    - A root in the chain's own place, a self-signed one too, is a chain of one.
    - Every certificate has to be valid now, and each that signs another to be a CA's.

    Raises Refused.
    """
    if not 0 < len(chain) <= _MAX_CHAIN:
        raise Refused(f"x5c has to hold 1 to {_MAX_CHAIN} certificates")
    # Refusals are not chained here: what the library says quotes the certificates, which are the client's.
    try:
        leaf, *others = [x509.load_der_x509_certificate(base64.b64decode(str(one), validate=True)) for one in chain]
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
        raise Refused("x5c holds what is no certificate") from None
    if not roots:
        raise Refused("x5c leads to no root: no rootcertbundle is configured")
    builder = PolicyBuilder().store(Store(list(roots))).time(now).max_chain_depth(_MAX_CHAIN - 2)
    builder = builder.extension_policies(ca_policy=_CA, ee_policy=ExtensionPolicy.permit_all())
    try:
        builder.build_client_verifier().verify(leaf, others)
        key = key_of(leaf.public_key())
    except (VerificationError, ValueError, UnsupportedAlgorithm):
        raise Refused("x5c does not lead to a root of rootcertbundle by certificates that are valid now") from None
    if key is None:
        raise Refused("the first certificate of x5c has a key of a type that signs no tokens")
    return key


def _is_ca(policy: Policy, certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("signs another certificate, and is no CA's")


# What is for web servers only (names, purposes) means nothing in a chain of token keys; Distribution asks for none.
_CA: Final = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_ca)
