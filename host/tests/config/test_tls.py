"""The keys of ``http.tls``: the resulting settings, and rejected values."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrepot.config import ConfigurationError, load_configuration, server_settings
from entrepot_contract.server import TlsSettings


def tls(folder: Path, keys: str) -> TlsSettings | None:
    """Returns the server's TLS settings, from a configuration with additional keys in ``http.tls``."""
    file = folder / "config.yml"
    file.write_text(
        f"version: 0.1\nstorage: {{inmemory: }}\nhttp: {{secret: s, tls: {{certificate: c, key: k{keys}}}}}"
    )
    configuration, _ = load_configuration(str(file), {})
    return server_settings(configuration, shared=True, on_ready=None).tls


@pytest.mark.parametrize(
    ("keys", "settings"),
    [
        ("", TlsSettings("c", "k")),
        (", minimumtls: tls1.3", TlsSettings("c", "k", "tls1.3")),
        (", clientcas: [a.pem, b.pem]", TlsSettings("c", "k", client_cas=("a.pem", "b.pem"))),
        (
            ", clientcas: [a.pem], clientauth: verify-client-cert-if-given",
            TlsSettings("c", "k", client_cas=("a.pem",), client_required=False),
        ),
        (
            ", clientcas: [a.pem], clientauth: require-and-verify-client-cert",
            TlsSettings("c", "k", client_cas=("a.pem",)),
        ),
    ],
)
def test_supported_keys(tmp_path: Path, keys: str, settings: TlsSettings) -> None:
    assert tls(tmp_path, keys) == settings


@pytest.mark.parametrize("mode", ["request-client-cert", "verify-client-cert-if-given"])
def test_a_mode_without_client_cas_is_ignored(tmp_path: Path, mode: str) -> None:
    settings = tls(tmp_path, f", clientauth: {mode}")
    assert settings is not None
    assert settings.client_cas == ()


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        (", clientcas: [a.pem], clientauth: request-client-cert", "clientauth would accept certificates that are"),
        (", clientcas: [a.pem], clientauth: require-any-client-cert", "clientauth would accept certificates that are"),
        (", clientcas: [a.pem], clientauth: maybe", "clientauth should be"),
        (", clientcas: a.pem", "clientcas should be a valid list"),
        (", minimumtls: tls1.1", "minimumtls should be"),
        (", letsencrypt: {email: e}", "letsencrypt is not supported yet"),
    ],
)
def test_rejected_keys(tmp_path: Path, keys: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^http.tls.{fault}"):
        tls(tmp_path, keys)
