"""The examples in ``deploy/`` are accepted by the programs that read them, and are consistent."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from support.services.haproxy import EXAMPLE, with_hosts
from support.services.network import HOST
from support.services.nginx import nginx
from support.services.programs import need
from support.services.registry import Registry

from .tree import DEPLOY, at

POD = ("kubernetes/deployment.yaml", "spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
HOSTS = ("registry-1", "registry-2")
SECRETS = {"REGISTRY_HTTP_SECRET": "f" * 64, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "f" * 40}


def _check(config: str, folder: Path, env: Mapping[str, str]) -> None:
    """Assert that entrepot accepts a configuration."""
    file = folder / "config.yml"
    file.write_text(config)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "AWS_"))}
    check = [sys.executable, "-m", "entrepot", "config", "check", "--offline", str(file)]
    done = subprocess.run(check, env={**clean, **env}, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == f"{file} can be served\n", done.stdout + done.stderr


def test_haproxy_accepts_its_example(request: pytest.FixtureRequest) -> None:
    need(request, "haproxy")
    done = subprocess.run(("haproxy", "-c", "-f", str(EXAMPLE)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nginx_accepts_its_example(request: pytest.FixtureRequest, folder: Path) -> None:
    need(request, "nginx")
    nginx([Registry(name, (), folder=folder / name) for name in HOSTS], folder / "nginx")
    check = ("nginx", "-t", "-c", f"{folder}/nginx/nginx.conf", "-e", f"{folder}/nginx/errors")
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("given", [{}, {"REGIONENDPOINT": "http://127.0.0.1:9000", "REGION": "default"}])
def test_the_configuration_of_the_compose_file_is_accepted(given: dict[str, str], host: str, folder: Path) -> None:
    needed = {**SECRETS, "REGISTRY_STORAGE_S3_BUCKET": "images"}
    variables = needed | {f"REGISTRY_STORAGE_S3_{name}": value for name, value in given.items()}
    environment = at("compose.yml", "services", host, "environment")
    assert isinstance(environment, dict)
    assert set(variables) <= set(environment)
    for name, text in environment.items():
        assert text is None or re.fullmatch(rf"\$\{{{name}:\?.+\}}", text), (
            f"{name} has another name outside the container"
        )
    _check((DEPLOY / "config.yml").read_text(), folder, variables)


def test_the_compose_file_refers_to_existing_files() -> None:
    services = at("compose.yml", "services")
    assert isinstance(services, dict)
    for service in services.values():
        for volume in service["volumes"]:
            assert (DEPLOY / volume.partition(":")[0]).is_file(), volume
    build = at("compose.yml", "services", HOSTS[0], "build")
    assert build == {"context": "..", "dockerfile": "deploy/Dockerfile"}
    for example in ("haproxy.cfg", "nginx.conf"):
        text = (DEPLOY / example).read_text()
        assert all(f"{host}:5000" in text for host in services if host in HOSTS)
        with_hosts(text, [HOST] * len(HOSTS))


def test_the_kubernetes_configuration_is_accepted(folder: Path) -> None:
    secret = at("kubernetes/secret.yaml", "stringData")
    assert secret == dict.fromkeys(SECRETS, ""), "an example must not contain a secret"
    _check(str(at("kubernetes/configmap.yaml", "data", "config.yml")), folder, SECRETS)


def test_the_kubernetes_manifests_are_consistent() -> None:
    listed = at("kubernetes/kustomization.yaml", "resources")
    assert isinstance(listed, list)
    assert {*listed, "kustomization.yaml"} == {file.name for file in (DEPLOY / "kubernetes").iterdir()}

    labels = at("kubernetes/deployment.yaml", "spec", "template", "metadata", "labels")
    assert at("kubernetes/deployment.yaml", "spec", "selector", "matchLabels") == labels
    assert at("kubernetes/service.yaml", "spec", "selector") == labels
    assert at("kubernetes/poddisruptionbudget.yaml", "spec", "selector", "matchLabels") == labels
    secret, config = (at(f"kubernetes/{kind}.yaml", "metadata", "name") for kind in ("secret", "configmap"))
    assert at(*CONTAINER, "envFrom") == [{"secretRef": {"name": secret}}]
    assert at(*POD, "volumes", 0, "configMap", "name") == config
    assert at(*CONTAINER, "args", 1) == f"{at(*CONTAINER, 'volumeMounts', 0, 'mountPath')}/config.yml"
    port = at(*CONTAINER, "ports", 0, "name")
    assert at("kubernetes/service.yaml", "spec", "ports", 0, "targetPort") == port
    for probe in ("readinessProbe", "livenessProbe"):
        assert at(*CONTAINER, probe, "httpGet") == {"path": "/", "port": port}


def test_stop_timeouts_are_longer_than_the_drain_timeout() -> None:
    drain = _seconds(at("config.yml", "http", "draintimeout"))
    in_cluster = yaml.safe_load(str(at("kubernetes/configmap.yaml", "data", "config.yml")))["http"]["draintimeout"]
    command = at(*CONTAINER, "lifecycle", "preStop", "exec", "command")
    assert isinstance(command, list)
    assert _seconds(at("compose.yml", "services", HOSTS[0], "stop_grace_period")) > drain
    assert int(str(at(*POD, "terminationGracePeriodSeconds"))) > _seconds(in_cluster) + int(command[1])


def _seconds(duration: object) -> int:
    return int(str(duration).removesuffix("s"))
