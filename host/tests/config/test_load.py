"""Loading a configuration from a file and the environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.addresses import Address
from entrepot.config import (
    ConfigurationError,
    access_rules,
    http_settings,
    limit_settings,
    load_configuration,
    registry_settings,
    server_settings,
)
from entrepot.config.model import Configuration
from entrepot.notify import MetricsSettings, notify_settings
from entrepot.settings import IndexPolicy, Platform, PurgeSettings
from entrepot_contract.auth import Access, Identity

MINIMAL = "version: 0.1\nstorage: {filesystem: {rootdirectory: /data}}\nhttp: {secret: s}\n"

FULL = r"""
version: 0.1
log: {level: debug, formatter: json, fields: {service: registry, shard: 5}, accesslog: {disabled: true}}
storage:
  s3: {bucket: b, secretkey: hidden, v4auth: true}
  delete: {enabled: yes}
  redirect: {disable: true}
  maintenance: {uploadpurging: {enabled: true, age: 2h, interval: 1h, dryrun: true}, readonly: {enabled: true}}
http:
  addr: "[::1]:5001"
  net: tcp
  host: https://registry.example:5000/
  prefix: /my/registry/
  secret: 0123
  relativeurls: true
  draintimeout: 60s
  headers: {X-Content-Type-Options: [nosniff, again]}
  tls: {certificate: cert.pem, key: key.pem, minimumtls: tls1.3}
  http2: {disabled: true}
  server: granian
  workers: 3
  threads: 20
catalog: {maxentries: 7}
tags: {maxtags: 8}
validation:
  disabled: false
  manifests:
    urls: {allow: ['^https://([^/]+\.)*example\.com/'], deny: [x]}
    indexes: {platforms: List, platformlist: [{architecture: amd64, os: linux}]}
auth: none
"""


def load(folder: Path, text: str, **environ: str) -> tuple[Configuration, list[str]]:
    """Returns the configuration of a text, and warnings."""
    path = folder / "config.yml"
    path.write_text(text)
    return load_configuration(str(path), {f"REGISTRY_{name}": value for name, value in environ.items()})


def faults(folder: Path, text: str, **environ: str) -> list[str]:
    """Returns the faults of a text."""
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text, **environ)
    return caught.value.faults


def test_all_supported_keys_are_in_the_settings(tmp_path: Path) -> None:
    configuration, warnings = load(tmp_path, FULL)
    assert warnings == []
    assert configuration.log.fields == {"service": "registry", "shard": "5"}
    assert configuration.level == "debug"
    assert configuration.storage.options == {"bucket": "b", "secretkey": "hidden", "v4auth": True}

    registry = registry_settings(configuration)
    assert (registry.delete_enabled, registry.readonly, registry.validation) == (True, True, True)
    assert (registry.catalog_max, registry.tags_max) == (7, 8)
    assert registry.index == IndexPolicy("list", (Platform("amd64", "linux"),))
    assert registry.urls.allow[0].match("https://cdn.example.com/x")
    assert registry.purge == PurgeSettings(True, timedelta(hours=2), timedelta(hours=1), True)

    http = http_settings(configuration)
    assert (http.secret, http.base_url, http.prefix) == (b"0123", "https://registry.example:5000", "/my/registry/")
    assert (http.relative_urls, http.redirect, http.access_log) == (True, False, False)
    assert http.headers == {"X-Content-Type-Options": ("nosniff", "again")}

    server = server_settings(configuration, shared=True, on_ready=None)
    assert (server.host, server.port, server.workers, server.threads) == ("::1", 5001, 3, 20)
    assert (server.drain_timeout, server.http2) == (60.0, False)
    assert server.tls is not None
    assert (server.tls.certificate, server.tls.key, server.tls.minimum) == ("cert.pem", "key.pem", "tls1.3")


def test_without_a_file_data_is_stored_in_the_folder_and_deletion_is_enabled() -> None:
    configuration, _ = load_configuration(None, {})
    assert configuration.storage.driver == "filesystem"
    assert configuration.storage.options == {"rootdirectory": "./data"}
    assert configuration.storage.delete.enabled
    assert configuration.http.addr == Address("127.0.0.1", 5000)


def test_with_a_file_the_defaults_are_those_of_distribution(tmp_path: Path) -> None:
    configuration, warnings = load(tmp_path, MINIMAL)
    assert warnings == []
    registry = registry_settings(configuration)
    assert (registry.delete_enabled, registry.catalog_max, registry.tags_max) == (False, 1000, 1000)
    assert registry.purge == PurgeSettings(True, timedelta(hours=168), timedelta(hours=24), False)


def test_storage_that_is_not_shared_is_served_by_one_worker(tmp_path: Path) -> None:
    configuration, _ = load(tmp_path, MINIMAL, HTTP_WORKERS="4")
    assert server_settings(configuration, shared=False, on_ready=None).workers == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("storage: {inmemory: , cache: {blobdescriptor: inmemory}}", "storage.cache"),
        ("storage: {inmemory: , tag: {concurrencylimit: 8}}", "storage.tag"),
        ("storage: {inmemory: }\nredis: {addrs: [a]}", "redis"),
        ("storage: {inmemory: }\nproxy: {remoteurl: '', username: }\nreporting: {}", "reporting"),
        ("storage: {inmemory: }\nhealth: {storagedriver: {enabled: true}}", "health"),
        ("storage: {inmemory: }\nlog: {hooks: [{type: mail}]}", "log.hooks"),
    ],
)
def test_a_known_but_unsupported_key_is_a_warning(tmp_path: Path, text: str, key: str) -> None:
    _, warnings = load(tmp_path, f"version: 0.1\n{text}", HTTP_SECRET="s")  # noqa: S106 - a test's
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{key} is not supported yet")


def test_metrics_are_served_if_enabled_and_there_is_an_endpoint(tmp_path: Path) -> None:
    text = MINIMAL.replace("{secret: s}", "{secret: s, debug: {addr: ':5001', prometheus: {enabled: true, path: /m}}}")
    with_endpoint = text + "notifications: {endpoints: [{name: x, url: u}]}"
    configuration, warnings = load(tmp_path, with_endpoint)
    settings = notify_settings(configuration)
    assert settings is not None
    assert settings.metrics == MetricsSettings("", 5001, "/m")
    assert not warnings
    assert load(tmp_path, text)[1] == [
        "http.debug has no effect: its metrics are those of notifications, and no endpoint is enabled"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("htpp: {}", "htpp is not a known key, did you mean 'http'?"),
        ("http: {adr: x}", "http.adr is not a known key, did you mean 'addr'?"),
        ("http: {tls: {certificat: x, key: y}}", "http.tls.certificat is not a known key, did you mean 'certificate'?"),
        ("validation: {manifests: {url: {}}}", "validation.manifests.url is not a known key, did you mean 'urls'?"),
        (
            "health: {storagedriver: {enable: x}}",
            "health.storagedriver.enable is not a known key, did you mean 'enabled'?",
        ),
        (
            "health: {http: [{uri: a}, {urj: b}]}",
            "health.http.1.urj is not a known key, did you mean 'uri'?",
        ),
        ("notifications: {endpoints: [{url: u}]}", "notifications.endpoints.0.name is required"),
        ("notifications: {endpoints: [{name: a}, {name: a}]}", "notifications.endpoints must have unique names"),
        ("notifications: {endpoints: [{name: a, timeout: 0}]}", "notifications.endpoints.0.timeout should be"),
        ("http: {addr: nowhere}", "http.addr is not an address; use for example :5000, 127.0.0.1:5000 or [::1]:5000"),
        ("http: {draintimeout: soon}", "http.draintimeout is not a duration"),
        ("http: {net: unix}", "http.net should be 'tcp'"),
        ("http: {host: registry}", "http.host is not a URL"),
        ("http: {prefix: registry}", "http.prefix must begin and end with a slash"),
        ("http: {server: {granian: {}, waitress: {}}}", "http.server must name exactly one server"),
        ("http: {server: {auto: {x: 1}}}", "http.server must name a server to set its options"),
        ("http: {server: {granian: 5}}", "http.server must map granian to its options"),
        ("http: {server: [granian]}", "http.server must be the name of a server, or map it to its options"),
        ("http: {workers: -1}", "http.workers should be greater than or equal to 0"),
        ("http: {tls: {certificate: x}}", "http.tls.key is required"),
        ('http: {headers: {X: ["a\\nb"]}}', "http.headers has a value for X that is not valid in a header"),
        ("http: [1]", "http must be a mapping with the keys addr, net, "),
        ("catalog: {maxentries: none}", "catalog.maxentries should be a valid integer"),
        (
            "validation: {manifests: {urls: {allow: ['(']}}}",
            "validation.manifests.urls.allow.0 is not a valid Python regular expression",
        ),
        ("log: {level: loud}", "log.level should be 'error', 'warn', 'info' or 'debug'"),
    ],
)
def test_a_fault_states_the_key_and_a_valid_value(tmp_path: Path, text: str, fault: str) -> None:
    found = faults(tmp_path, f"version: 0.1\nstorage: {{inmemory: }}\n{text}\n")
    assert any(one.startswith(fault) for one in found), found


def test_a_section_cache_with_other_keys_than_distributions_is_the_driver(tmp_path: Path) -> None:
    text = "version: 0.1\nstorage: {cache: {slow: {s3: }, fast: {inmemory: }}, delete: {enabled: true}}\n"
    storage = load(tmp_path, text)[0].storage
    assert (storage.driver, sorted(storage.options), storage.delete.enabled) == ("cache", ["fast", "slow"], True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not a mapping"),
        ("[]", "is not a mapping"),
        ("storage: {inmemory: }", "version is required; write version: 0.1"),
        ("version: 0.2\nstorage: {inmemory: }", "version should be '0.1'"),
        ("version: 0.1", "storage is required"),
        ("version: 0.1\nstorage: {}", "storage must name exactly one driver, but names none"),
        ("version: 0.1\nstorage: {cache: {blobdescriptor: inmemory}}", "exactly one driver, but names none"),
        ("version: 0.1\nstorage: {cache: {slow: }, s3: }", "storage.cache.slow is not a known key"),
        ("version: 0.1\nstorage: {s3: , gcs: }", "storage must name exactly one driver, but names s3 and gcs"),
        ("version: 0.1\nstorage: {s3: , delte: }", "names s3 and delte, did you mean 'delete'?"),
        ("version: 0.1\nstorage: {s3: [1]}", "storage.s3 must be a mapping"),
    ],
)
def test_an_invalid_configuration_is_rejected(tmp_path: Path, text: str, fault: str) -> None:
    found = faults(tmp_path, text)
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("http: {tls: {letsencrypt: {email: e}}}", "http.tls.letsencrypt"),
        ("http: {tls: {certificate: c, key: k, ciphersuites: [TLS_AES_128_GCM_SHA256]}}", "http.tls.ciphersuites"),
        ("proxy: {remoteurl: 'https://registry-1.docker.io'}", "proxy"),
    ],
)
def test_an_unsupported_key_that_must_not_be_ignored_is_a_fault(tmp_path: Path, text: str, place: str) -> None:
    found = faults(tmp_path, MINIMAL.replace("http:", "#") + text)
    assert any(one.startswith(f"{place} is not supported yet: ") for one in found), found


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"HTTP_DRAINTIMEOUT": "soon"}, "http.draintimeout is not a duration; "),
        ({"HTTP_TLS_CERTIFICATE": "c"}, "http.tls.key is required"),
        ({"HTTP": "{adr: x}"}, "http.adr is not a known key, "),
        ({"HEALTH": "{storagedriver: {enable: x}}"}, "health.storagedriver.enable is not a known key, "),
        ({"PROXY_REMOTEURL": "https://registry-1.docker.io"}, "proxy is not supported yet: "),
        (
            {"STORAGE_PORT": "tcp://10.0.0.1:5000"},
            "storage must name exactly one driver, but names filesystem and port",
        ),
        ({"STORAGE_FILESYSTEM": "5"}, "storage.filesystem must be a mapping"),
        (
            {"STORAGE_MAINTENANCE_READONLY": "true"},
            "storage.maintenance.readonly must be a mapping with the keys enabled",
        ),
        ({"ACCESS_0_WHO": "bob", "ACCESS_0_ACTIONS": "[pull]"}, "access.0.who must be anonymous, "),
    ],
)
def test_a_fault_that_came_from_the_environment_names_its_variable(
    tmp_path: Path, environ: dict[str, str], fault: str
) -> None:
    variable = f"REGISTRY_{next(iter(environ))}"
    found = [one for one in faults(tmp_path, MINIMAL, **environ) if one.startswith(fault)]
    assert len(found) == 1
    assert found[0].endswith(f" (set by {variable})")


def test_yaml_scalars_are_text_if_text_is_expected(tmp_path: Path) -> None:
    text = MINIMAL + "log: {fields: {prod: true, shard: 5, empty: }}\nauth: {htpasswd: {realm: 42, path: p}}\n"
    text = text.replace("{secret: s}", "{secret: 42, headers: {Access-Control-Allow-Credentials: [true]}}")
    configuration, _ = load(tmp_path, text, STORAGE_FILESYSTEM_ROOTDIRECTORY="0123")
    assert configuration.log.fields == {"prod": "true", "shard": "5", "empty": ""}
    assert configuration.http.headers == {"Access-Control-Allow-Credentials": ["true"]}
    assert configuration.http.secret.get_secret_value() == "42"
    assert configuration.storage.options == {"rootdirectory": "0123"}


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ("auth: {htpasswd: {realm: r, path: p}}", {}),
        ("auth: {none: , htpasswd: {realm: r}}", {"AUTH_HTPASSWD_PATH": "p"}),
        ("", {"AUTH_HTPASSWD_REALM": "r", "AUTH_HTPASSWD_PATH": "p"}),
        ("", {"AUTH": "{htpasswd: {realm: r, path: p}}"}),
        ("", {"AUTH": "htpasswd", "AUTH_HTPASSWD_REALM": "r", "AUTH_HTPASSWD_PATH": "p"}),
        ("auth: htpasswd", {"AUTH_HTPASSWD_REALM": "r", "AUTH_HTPASSWD_PATH": "p"}),
    ],
)
def test_authenticators_keep_their_options(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    configuration, warnings = load(tmp_path, MINIMAL + text, **environ)
    assert configuration.auth == {"htpasswd": {"realm": "r", "path": "p"}}
    assert warnings == []
    assert "htpasswd" not in repr(configuration)


def test_rules_keep_their_order(tmp_path: Path) -> None:
    text = """
access:
  - {who: anonymous, actions: [pull]}
  - {who: "group:devs", repository: "team/**", actions: [pull, push, delete]}
"""
    rules = access_rules(load(tmp_path, MINIMAL + text, ACCESS_0_REPOSITORY="public/*")[0])
    assert rules is not None
    dev = Identity("alice", frozenset({"devs"}))
    assert [rules.deciding(None, Access("repository", name, "pull")) is None for name in ("public/a", "team/a")] == [
        False,
        True,
    ]
    found = rules.deciding(dev, Access("repository", "team/a/b", "delete"))
    assert found is not None
    assert (found[0], str(found[1])) == (2, "group:devs may delete, pull, push in team/**")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("access: [{who: alice, actions: [pull]}]", "access.0.who must be anonymous, authenticated, user:NAME"),
        ("access: [{who: anonymous, actions: []}]", "access.0.actions"),
        ("access: [{who: anonymous, actions: [write]}]", "access.0.actions.0"),
        ("access: [{who: anonymous, repository: Team/*, actions: [pull]}]", "access.0.repository cannot match any"),
        ("access: [{whom: anonymous, actions: [pull]}]", "access.0.who is required"),
        ("auth: [htpasswd]", "auth must map the names of authenticators"),
        ("auth: {htpasswd: 5}", "auth.htpasswd"),
        ("limits: {logins: often}", "limits.logins is not a rate; use for example"),
        ("limits: {requests: {address: 0.5}}", "limits.requests.address is not a rate"),
        ("limits: {uploads: 0}", "limits.uploads"),
    ],
)
def test_an_invalid_rule_or_limit_is_rejected(tmp_path: Path, text: str, fault: str) -> None:
    assert any(one.startswith(fault) for one in faults(tmp_path, MINIMAL + text)), faults(tmp_path, MINIMAL + text)


def test_limits_can_be_turned_off(tmp_path: Path) -> None:
    configuration, _ = load(tmp_path, MINIMAL + "limits: {logins: off, uploads: off, requests: {address: 5/second}}")
    settings = limit_settings(configuration)
    assert (settings.failed_logins, settings.uploads) == (None, None)
    assert str(settings.per_address) == "5 per 1 second"


def test_everything_is_allowed_only_without_auth_and_access(tmp_path: Path) -> None:
    pull = Access("repository", "a", "pull")
    assert access_rules(load(tmp_path, MINIMAL)[0]) is None
    no_rules = access_rules(load(tmp_path, MINIMAL + "access: []")[0])
    assert no_rules is not None
    assert not no_rules.allow(Identity("alice"), pull)
    distributions = access_rules(load(tmp_path, MINIMAL + "auth: {htpasswd: {realm: r, path: p}}")[0])
    assert distributions is not None
    assert distributions.allow(Identity("alice"), pull)
    assert not distributions.allow(None, pull)


@pytest.mark.parametrize("text", ["auth: none", "auth: {none: }", "auth: {}", "auth:", ""])
def test_auth_none_means_no_authentication(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, MINIMAL + text)[1] == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yml cannot be read: No such file"):
        load_configuration(str(tmp_path / "nowhere.yml"), {})


def test_secrets_show_nowhere(tmp_path: Path) -> None:
    secret = "swordfish"  # noqa: S105 - that is the test
    text = MINIMAL.replace("secret: s", f"secret: {secret}").replace("/data", secret)
    configuration, _ = load(tmp_path, text)
    assert secret not in repr(configuration)
    assert secret not in repr(http_settings(configuration))
    assert secret not in str(faults(tmp_path, text.replace("http:", f"http: {{addr: {secret}}}\n#")))
    assert secret not in str(faults(tmp_path, text, HTTP_DRAINTIMEOUT=secret, HTTP_ADDR=secret))


def test_a_missing_secret_is_generated_with_a_warning(tmp_path: Path) -> None:
    text = MINIMAL.replace("secret: s", "")
    (first, warnings), (second, _) = load(tmp_path, text), load(tmp_path, text)
    assert len(http_settings(first).secret) >= 32
    assert http_settings(first).secret != http_settings(second).secret
    assert warnings[0].startswith("http.secret is not set")


def test_the_old_name_of_the_log_level_is_used_if_the_new_one_is_missing(tmp_path: Path) -> None:
    assert load(tmp_path, MINIMAL + "loglevel: error")[0].level == "error"
    assert load(tmp_path, MINIMAL + "loglevel: error\nlog: {level: debug}")[0].level == "debug"
