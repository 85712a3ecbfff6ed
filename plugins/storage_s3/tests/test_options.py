"""The effect of the options and of the server's capabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import pytest
from support.proxies.fault_proxy import FaultProxy
from support.services.moto import Moto
from support.services.s3 import s3_options

from entrepot_contract import ConfigError, Unavailable, Unsupported, WriteMode
from entrepot_contract.testing.storage.content import body, upload
from entrepot_storage_s3 import S3Driver

from .conftest import OpenDriver

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MINUTE = timedelta(minutes=1)
ETAG = {"ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}
OpenOnMoto = Callable[..., tuple[S3Driver, str]]


@pytest.fixture
def client(moto: Moto) -> Iterator[S3Client]:
    """The SDK's client for moto."""
    made = boto3.client(
        "s3",
        endpoint_url=moto.endpoint,
        region_name=moto.region,
        aws_access_key_id=moto.access_key,
        aws_secret_access_key=moto.secret_key,
    )
    with closing(made) as client:
        yield client


@pytest.fixture
def open_on_moto(moto: Moto) -> Iterator[OpenOnMoto]:
    """A function that opens a driver on moto, and returns the driver and its bucket."""
    opened: list[S3Driver] = []

    def open_one(**changed: object) -> tuple[S3Driver, str]:
        options = s3_options(moto) | changed
        opened.append(S3Driver.from_config(options))
        return opened[-1], str(options["bucket"])

    yield open_one
    for driver in opened:
        driver.close()


@pytest.mark.parametrize("size", [10, 6 * 2**20])
def test_objects_are_written_with_the_configured_parameters(
    open_on_moto: OpenOnMoto, client: S3Client, size: int
) -> None:
    changed = {"storageclass": "STANDARD_IA", "encrypt": True, "keyid": "a-key", "multipartcopythresholdsize": 2**20}
    driver, bucket = open_on_moto(rootdirectory="/in/here", **changed)
    driver.put("put", b"x")
    upload(driver, "uploaded", body(size))
    upload(driver, "moving", body(size))
    driver.move("moving", "moved")
    for key in ("put", "uploaded", "moved"):
        found = client.head_object(Bucket=bucket, Key=f"in/here/{key}")
        assert found["StorageClass"] == "STANDARD_IA"
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "a-key")


def test_an_acl_is_sent_if_it_is_not_the_default(open_on_moto: OpenOnMoto, client: S3Client) -> None:
    driver, bucket = open_on_moto(objectacl="public-read")
    driver.put("k", b"x")
    grants = client.get_object_acl(Bucket=bucket, Key="k")["Grants"]
    assert "READ" in [grant["Permission"] for grant in grants if "URI" in grant["Grantee"]]


def test_signed_urls_begin_with_the_redirect_endpoint(open_driver: OpenDriver, proxy: FaultProxy) -> None:
    driver = open_driver(redirectendpoint="https://cdn.example:8443", rootdirectory="in/here")
    parts = urlsplit(driver.sign_url("a/k", "GET", MINUTE))
    assert (parts.scheme, parts.netloc) == ("https", "cdn.example:8443")
    assert parts.path.endswith("/in/here/a/k")
    assert proxy.requests == [], "a URL must be signed without a request"


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"region": "eu-central-1"}, "https://registry.s3.amazonaws.com/k"),
        ({"region": "eu-central-1", "forcepathstyle": True}, "https://s3.eu-central-1.amazonaws.com/registry/k"),
        ({"region": "eu-central-1", "secure": False}, "http://registry.s3.amazonaws.com/k"),
        (
            {"region": "eu-central-1", "usedualstack": True},
            "https://registry.s3.dualstack.eu-central-1.amazonaws.com/k",
        ),
        ({"regionendpoint": "minio:9000"}, "https://minio:9000/registry/k"),
        ({"regionendpoint": "minio:9000", "secure": False}, "http://minio:9000/registry/k"),
        ({"regionendpoint": "https://s3.example", "forcepathstyle": False}, "https://registry.s3.example/k"),
    ],
)
def test_the_endpoint_is_determined_by_the_options(options: dict[str, object], url: str) -> None:
    driver = S3Driver.from_config({"bucket": "registry", "accesskey": "a", "secretkey": "b", **options})
    assert driver.sign_url("k", "GET", MINUTE).partition("?")[0] == url
    driver.close()


def is_put(method: str, _target: str) -> bool:
    return method == "PUT"


def is_conditional(method: str, target: str) -> bool:
    """Return whether a request puts an object that is created conditionally."""
    return is_put(method, target) and target.partition("?")[0].endswith("/create")


def test_a_server_that_ignores_the_condition_does_not_support_create(proxy: FaultProxy, driver: S3Driver) -> None:
    proxy.answer(200, headers=ETAG, matching=is_conditional)
    assert driver.capabilities.create is False
    assert len([1 for method, target, _ in proxy.requests if is_conditional(method, target)]) == 2
    with pytest.raises(Unsupported):
        driver.put("a/k", b"x", mode=WriteMode.CREATE)


def test_a_server_that_rejects_the_condition_does_not_support_create(proxy: FaultProxy, driver: S3Driver) -> None:
    proxy.answer(501, b"<Error><Code>NotImplemented</Code></Error>", matching=is_conditional)
    assert driver.capabilities.create is False


def test_a_server_that_fails_is_probed_again(open_driver: OpenDriver, proxy: FaultProxy) -> None:
    proxy.answer(503, matching=is_put)
    driver = open_driver()
    with pytest.raises(Unavailable):
        _ = driver.capabilities
    proxy.heal()
    assert driver.capabilities.create is True
    proxy.clear()
    assert open_driver().capabilities.create is True
    assert proxy.requests == [], "a process must probe only once for each bucket"


def test_the_options_of_distribution_are_accepted() -> None:
    # The complete section in Distribution's documentation.
    options = {
        "accesskey": "awsaccesskey",
        "secretkey": "awssecretkey",
        "region": "us-west-1",
        "regionendpoint": "http://myobjects.local",
        "forcepathstyle": True,
        "accelerate": False,
        "bucket": "bucketname",
        "encrypt": True,
        "keyid": "mykeyid",
        "secure": True,
        "v4auth": True,
        "chunksize": 5242880,
        "multipartcopychunksize": 33554432,
        "multipartcopymaxconcurrency": 100,
        "multipartcopythresholdsize": 33554432,
        "rootdirectory": "/s3/object/name/prefix",
        "usedualstack": False,
        "usefipsendpoint": False,
        "loglevel": "debug",
    }
    driver = S3Driver.from_config(options)
    assert "awssecretkey" not in f"{driver!r} {driver._options!r}"
    with pytest.raises(ConfigError, match="did you mean 'chunksize'"):
        S3Driver.from_config({"bucket": "b", "chunksiz": 1})
