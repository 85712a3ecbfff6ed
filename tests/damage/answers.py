"""The responses of a registry to requests on a damaged tree, and whether their content was damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass

from falcon.testing import Result, TestClient

from damage.tree import CONTENT, CONTENT_DAMAGE, LINK_DAMAGE, LINKS, TAG, Image, damage, digest_of, make
from entrepot.http import create_app
from entrepot.registry import Registry, layout
from entrepot.settings import HttpSettings, PurgeSettings, RegistrySettings
from entrepot.storage import CheckedDriver
from entrepot_contract import IntegrityError, NotFound, StorageDriver

__all__ = ["CASES", "HEADER", "Row", "foreign_objects", "observe", "table"]

CASES = [(target, kind) for target in CONTENT for kind in (*CONTENT_DAMAGE, "missing", "directory")] + [
    (target, kind) for target in LINKS for kind in (*LINK_DAMAGE, "missing", "directory")
]

HEADER = ("damaged", "how", "GET", "HEAD", "mount", "PUT of a parent", "DELETE", "push again", "then GET")
DAMAGED = "¹"
"""Mark of a successful response with damaged content."""


@dataclass(frozen=True, slots=True)
class Row:
    """The status of each request, as text, on a tree with one damaged object.

    ``after`` is the status of a GET after the target was pushed again, in a process with empty caches.
    """

    target: str
    kind: str
    get: str
    head: str
    mount: str
    put: str
    delete: str
    push: str
    after: str


@contextmanager
def host(driver: StorageDriver) -> Iterator[TestClient]:
    """A registry process with empty caches."""
    settings = RegistrySettings(delete_enabled=True, upload_held=4096, purge=PurgeSettings(enabled=False))
    # The storage is shared, so it is not closed here.
    registry = Registry(CheckedDriver(driver, sleep=lambda seconds: None), settings, None)
    try:
        yield TestClient(create_app(registry, HttpSettings(secret=b"of the tests", redirect=False), None, None, None))
    finally:
        registry.manifests.close()


def observe(driver: StorageDriver, target: str, kind: str, raw: StorageDriver | None = None) -> Row:
    """Damage one object of a new image, twice, and make requests that refer to it.

    ``raw`` is the innermost driver if ``driver`` is a layer and the stored objects are to be damaged.
    """
    image = make(driver, f"{target}-{kind}".replace(" ", "-"))
    damage(raw or driver, image.key(target), kind)
    with host(driver) as client:
        get, head = _get(client, image, target), _head(client, image, target)
        mount = _mount(client, driver, image, target)
        put = _put(client, driver, image, target)
        push = _push(client, driver, image, target)
    with host(driver) as client:
        after = _get(client, image, target)
    damage(raw or driver, image.key(target), kind)
    with host(driver) as client:
        delete = str(client.simulate_delete(_path(image, target)).status_code)
    return Row(target, kind, get, head, mount, put, delete, push, after)


def foreign_objects(driver: StorageDriver) -> tuple[Image, list[str]]:
    """Create an image next to objects that no registry created; return the image and the keys of the objects."""
    image = make(driver, "foreign-objects")
    root = f"{layout.REPOSITORIES}{image.name}"
    keys = [
        f"{root}/_layers/sha256/foreign",
        f"{root}/_manifests/revisions/sha256/foreign",
        f"{root}/_manifests/tags/{TAG}/foreign",
        f"{layout.blob(digest_of(image.layer)).rpartition('/')[0]}/foreign",
        f"{root}/foreign",
        f"{layout.REPOSITORIES}foreign",
    ]
    for key in keys:
        driver.put(key, b"not written by a registry")
    return image, keys


def table(rows: list[Row]) -> str:
    """Format the rows as the Markdown table in docs/damage.md."""
    lines = [HEADER, tuple("---" for _ in HEADER), *(astuple(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _path(image: Image, target: str) -> str:
    digest = digest_of(image.content(target))
    if target == "tag link":
        return f"/v2/{image.name}/manifests/{TAG}"
    kind = "manifests" if target in ("manifest", "child", "revision link") else "blobs"
    return f"/v2/{image.name}/{kind}/{digest}"


def _marked(answer: Result, intact: bool) -> str:
    return f"{answer.status_code}{'' if intact or answer.status_code >= 300 else DAMAGED}"


def _get(client: TestClient, image: Image, target: str) -> str:
    answer = client.simulate_get(_path(image, target))
    return _marked(answer, answer.content == image.content(target))


def _head(client: TestClient, image: Image, target: str) -> str:
    answer = client.simulate_head(_path(image, target))
    read = client.simulate_get(_path(image, target))
    return _marked(answer, read.content == image.content(target))


def _mount(client: TestClient, driver: StorageDriver, image: Image, target: str) -> str:
    """Mount the blob, or the manifest as a blob, from another repository."""
    if target == "tag link":
        return "-"
    digest = digest_of(image.content(target))
    answer = client.simulate_post(
        f"/v2/other-{image.name}/blobs/uploads/", query_string=f"mount={digest}&from={image.name}"
    )
    return "no" if answer.status_code == 202 else _marked(answer, _is_stored(driver, image.content(target)))


def _put(client: TestClient, driver: StorageDriver, image: Image, target: str) -> str:
    """Push the manifest that references a blob, or the index that references a manifest."""
    if target in ("manifest", "tag link"):
        return "-"
    of_index = target in ("child", "revision link")
    content = image.index if of_index else image.manifest
    needs = [image.manifest] if of_index else [image.config, image.layer]
    answer = client.simulate_put(f"/v2/{image.name}/manifests/new", body=content)
    return _marked(answer, all(_is_stored(driver, one) for one in [content, *needs]))


def _push(client: TestClient, driver: StorageDriver, image: Image, target: str) -> str:
    """Push the target, or the object that a link refers to."""
    content = image.content(target)
    if content is image.manifest:
        answer = client.simulate_put(f"/v2/{image.name}/manifests/{TAG}", body=content)
    else:
        begun = client.simulate_post(f"/v2/{image.name}/blobs/uploads/")
        location = begun.headers["location"].partition("falconframework.org")[2]
        path, _, query = location.partition("?")
        sent = client.simulate_patch(path, query_string=query, body=content)
        path, _, query = sent.headers["location"].partition("falconframework.org")[2].partition("?")
        answer = client.simulate_put(path, query_string=f"{query}&digest={digest_of(content)}")
    return _marked(answer, _is_stored(driver, content))


def _is_stored(driver: StorageDriver, content: bytes) -> bool:
    try:
        with driver.read(layout.blob(digest_of(content))) as reader:
            return b"".join(reader) == content
    except (NotFound, IntegrityError):
        return False
