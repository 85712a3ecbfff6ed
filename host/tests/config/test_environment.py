"""Configuration by REGISTRY_* environment variables."""

from __future__ import annotations

import pytest

from entrepot.config.document import parse_document
from entrepot.config.environment import override
from entrepot.config.plugin_names import plugin_names
from entrepot.config.section import Findings


def overridden(raw: dict[str, object], environ: dict[str, str]) -> tuple[dict[str, object], Findings]:
    """Returns a configuration after applying the environment."""
    findings = Findings()
    override(raw, environ, findings, plugin_names)
    findings.variables.clear()
    return raw, findings


@pytest.mark.parametrize(
    ("before", "variable", "value", "after"),
    [
        ("{}", "HTTP_ADDR", ":80", "{http: {addr: ':80'}}"),
        ("{http: {addr: ':1', prefix: /a/}}", "HTTP_ADDR", ":80", "{http: {addr: ':80', prefix: /a/}}"),
        ("{storage: {filesystem: {a: 1}, delete: {}}}", "STORAGE", "s3", "{storage: s3}"),
        ("{storage: {inmemory: }}", "STORAGE_INMEMORY_A", "1", "{storage: {inmemory: {a: 1}}}"),
        ("{storage: {s3: {}}}", "STORAGE_S3_BUCKET", "b", "{storage: {s3: {bucket: b}}}"),
        (
            "{storage: {azure: {max_retries: 1}}}",
            "STORAGE_AZURE_MAX_RETRIES",
            "2",
            "{storage: {azure: {max_retries: 2}}}",
        ),
        ("{}", "STORAGE_AZURE_MAX_RETRIES", "2", "{storage: {azure: {max_retries: 2}}}"),
        (
            "{storage: azure}",
            "STORAGE_AZURE_CREDENTIALS_CLIENTID",
            "i",
            "{storage: {azure: {credentials: {clientid: i}}}}",
        ),
        (
            "{}",
            "STORAGE_CACHE_SLOW_AZURE_RETRY_DELAY",
            "1s",
            "{storage: {cache: {slow: {azure: {retry_delay: 1s}}}}}",
        ),
        ("{storage: s3}", "STORAGE_S3_BUCKET", "b", "{storage: {s3: {bucket: b}}}"),
        ("{auth: htpasswd}", "AUTH_HTPASSWD_REALM", "r", "{auth: {htpasswd: {realm: r}}}"),
        ("{auth: none}", "AUTH_TOKEN_SERVICE", "s", "{auth: {none: {}, token: {service: s}}}"),
        ("{http: {server: granian}}", "HTTP_SERVER_GRANIAN_X", "1", "{http: {server: {granian: {x: 1}}}}"),
        ("{}", "HTTP_HEADERS_X", "[a, b]", "{http: {headers: {x: [a, b]}}}"),
        ("{http: {headers: {X: [a]}}}", "HTTP_HEADERS_X", "[b]", "{http: {headers: {X: [b]}}}"),
        ("{http: {headers: {X: [a]}}}", "HTTP_HEADERS_X_0", "b", "{http: {headers: {X: [b]}}}"),
        ("{http: {headers: {X: [a]}}}", "HTTP_HEADERS_X_1", "b", "{http: {headers: {X: [a, b]}}}"),
        ("{}", "NOTIFICATIONS_ENDPOINTS_0_URL", "http://u", "{notifications: {endpoints: [{url: 'http://u'}]}}"),
        ("{}", "LOG", "{level: debug}", "{log: {level: debug}}"),
        ("{}", "AUTH", "htpasswd", "{auth: htpasswd}"),
    ],
)
def test_a_variable_sets_the_key_it_names(before: str, variable: str, value: str, after: str) -> None:
    raw = parse_document(before)
    assert isinstance(raw, dict)
    assert overridden(raw, {f"REGISTRY_{variable}": value}) == (parse_document(after), Findings())


def test_a_section_is_set_before_a_key_of_it() -> None:
    environ = {"REGISTRY_STORAGE_S3_BUCKET": "b", "REGISTRY_STORAGE": "s3"}
    raw, findings = overridden({"storage": {"filesystem": {}}}, environ)
    assert raw == {"storage": {"s3": {"bucket": "b"}}}
    assert findings == Findings()


@pytest.mark.parametrize(
    "variable", ["PORT", "PORT_5000_TCP_ADDR", "SERVICE_HOST", "HTTP_ADRR", "HTTP_TLS_X", "HEALTH_FILE_X_Y", "VERSION"]
)
def test_a_variable_that_matches_no_key_is_a_warning(variable: str) -> None:
    raw, findings = overridden({}, {f"REGISTRY_{variable}": "tcp://10.0.0.1:5000"})
    assert raw == {}
    assert len(findings.warnings) == 1
    assert f"REGISTRY_{variable}" in findings.warnings[0]


@pytest.mark.parametrize("service", ["REGISTRY", "REGISTRY_STORAGE", "REGISTRY_AUTH", "REGISTRY_HTTP", "REGISTRY_S3"])
def test_variables_of_a_kubernetes_service_are_ignored_with_one_warning(service: str) -> None:
    environ = {
        f"{service}_{name}": value
        for name, value in {
            "SERVICE_HOST": "10.0.0.1",
            "SERVICE_PORT": "5000",
            "SERVICE_PORT_REGISTRY_WEB": "5000",
            "PORT": "tcp://10.0.0.1:5000",
            "PORT_5000_TCP": "tcp://10.0.0.1:5000",
            "PORT_5000_TCP_PROTO": "tcp",
            "PORT_5000_TCP_PORT": "5000",
            "PORT_5000_TCP_ADDR": "10.0.0.1",
        }.items()
    }
    raw, findings = overridden({}, environ | {"REGISTRY_HTTP_PREFIX": "/a/"})
    assert raw == {"http": {"prefix": "/a/"}}
    assert findings.faults == []
    assert [warning.split(" ", 4)[:4] for warning in findings.warnings] == [
        [f"{service}_SERVICE_HOST", "and", "7", "more"]
    ]


def test_other_variables_are_ignored() -> None:
    environ = {
        "REGISTRY_CONFIGURATION_PATH": "/x",
        "HOME": "/",
        "MY_REGISTRY_HTTP_ADDR": "x",
        "registry_http_addr": "x",
    }
    assert overridden({}, environ) == ({}, Findings())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTP_SECRET", "'hidden"),
        ("HTTP_HEADERS_X_3", "hidden"),
        ("HTTP_HEADERS_X_Y", "hidden"),
        ("VALIDATION_DISABLED", "[hidden"),
    ],
)
def test_a_value_that_cannot_be_set_is_a_fault_without_the_value(variable: str, value: str) -> None:
    _, findings = overridden({"http": {"headers": {"X": ["a"]}}}, {f"REGISTRY_{variable}": value})
    assert len(findings.faults) == 1
    assert findings.faults[0].startswith(f"REGISTRY_{variable} ")
    assert "hidden" not in findings.faults[0]
