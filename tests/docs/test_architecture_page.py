"""The tables of ``docs/architecture.md`` about the life of an upload are true: they are compared with real uploads.

After each call that an upload makes to the filesystem driver, the storage is copied. A copy is what a host that is
killed at this moment leaves, so another registry on it shows what the client can do next.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import pytest

from entrepot.access import rules
from entrepot.errors import BlobUploadUnknown
from entrepot.http import publish
from entrepot.registry import Registry, blobs, referrers, store, upload_records
from entrepot.registry.body import Body
from entrepot.registry.names import Digest, new_hasher
from entrepot.registry.upload_records import UploadRecord
from entrepot.settings import PurgeSettings, RegistrySettings
from entrepot.storage.checked import CheckedDriver
from entrepot_contract import StorageDriver
from entrepot_storage_fs import FilesystemDriver

PAGE: Final = (Path(__file__).parents[2] / "docs/architecture.md").read_text()
NAME: Final = "team/app"
LARGEST: Final = RegistrySettings().upload_held
"""Size of the largest blob whose bytes are held in the record."""

RECORDED: Final = ("put", "upload_start", "upload_append", "upload_commit", "delete")
"""The calls that change the storage."""


@dataclass
class Upload:
    """An upload, what the client knows about it, and the moments at which the storage was copied."""

    data: bytes
    location: UploadRecord | None = None
    moments: list[Moment] = field(default_factory=list)

    @property
    def digest(self) -> Digest:
        hasher = new_hasher("sha256")
        hasher.update(self.data)
        return Digest("sha256", hasher.hexdigest())


@dataclass(frozen=True)
class Moment:
    """A request and the last driver call before a kill, the copy of the storage, and the client's last location."""

    request: str
    call: str
    storage: Path
    location: UploadRecord | None


@contextmanager
def registry(root: Path, after_call: Callable[[str], None] = lambda call: None) -> Iterator[Registry]:
    """Open a registry on a filesystem tree, and report each call that has changed it."""
    driver: StorageDriver = FilesystemDriver.from_config({"rootdirectory": str(root)})
    for name in RECORDED:
        setattr(driver, name, _reported(getattr(driver, name), name, after_call))
    settings = RegistrySettings(purge=PurgeSettings(enabled=False))
    with closing(Registry(CheckedDriver(driver), settings, None)) as opened:
        yield opened


def _reported(call: Callable[..., object], name: str, after_call: Callable[[str], None]) -> Callable[..., object]:
    def reported(*args: object, **kwargs: object) -> object:
        result = call(*args, **kwargs)
        after_call(name)
        return result

    return reported


def body(data: bytes) -> Body:
    """Return the body of a request."""
    return Body(io.BytesIO(data), len(data))


def push(folder: Path, size: int) -> Upload:
    """Push a blob in three requests, and copy the storage after each driver call."""
    upload = Upload(Random(size).randbytes(size))  # noqa: S311 - content, not a secret
    request = ""

    def copy(call: str) -> None:
        copied = folder / f"copy{len(upload.moments)}"
        shutil.copytree(folder / "data", copied)
        upload.moments.append(Moment(request, call, copied, upload.location))

    with registry(folder / "data", copy) as opened:
        request = "POST"
        first = opened.uploads.start(NAME)
        upload.location, request = first, "PATCH"
        second = opened.uploads.append(NAME, first.uuid, first.number, body(upload.data), 0)
        upload.location, request = second, "PUT"
        opened.uploads.commit(NAME, second.uuid, second.number, body(b""), None, upload.digest)
    return upload


def outcome(upload: Upload, moment: Moment) -> tuple[str, str, str]:
    """Return what another host says after a kill: the offset of the upload, the blob, and the repeated request."""
    with registry(moment.storage) as opened:
        known = moment.location
        found = "yes" if opened.blobs.find(NAME, upload.digest) else "no"
        if known is None:
            return "no URL yet", found, "202"
        try:
            size = opened.uploads.status(NAME, known.uuid).size
            offset = "all" if size == len(upload.data) else str(size)
        except BlobUploadUnknown:
            offset = "404"
        try:
            return offset, found, repeat(opened, upload, known, moment.request)
        except BlobUploadUnknown:
            return offset, found, "404"


def repeat(opened: Registry, upload: Upload, known: UploadRecord, request: str) -> str:
    """Repeat the interrupted request, continue from the offset if the registry says so, and return the status."""
    if request == "PUT":
        opened.uploads.commit(NAME, known.uuid, known.number, body(b""), None, upload.digest)
        return "201"
    now = opened.uploads.status(NAME, known.uuid)
    if now.number != known.number:
        return "416"
    opened.uploads.append(NAME, known.uuid, known.number, body(upload.data), known.size)
    return "202"


def table(heading: str) -> list[tuple[str, ...]]:
    """Return the request, the call and the outcome in each row of a table."""
    section = PAGE.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    found = re.findall(
        r"^\| (POST|PATCH|PUT) \| (\w+) \| [^|]+ \| ([^|]+) \| (yes|no) \| (\d+) \|$", section, re.MULTILINE
    )
    assert found
    return found


@pytest.mark.parametrize(("heading", "size"), [("Small blobs", LARGEST), ("Large blobs", LARGEST + 1)])
def test_a_kill_leaves_what_the_table_shows(tmp_path: Path, heading: str, size: int) -> None:
    upload = push(tmp_path, size)
    found = [(moment.request, moment.call, *outcome(upload, moment)) for moment in upload.moments]
    assert found == table(heading)


def test_the_sizes_of_uploads_are_those_of_the_settings() -> None:
    settings = RegistrySettings()
    assert f"slice of at most {settings.upload_slice // 2**20} MiB" in PAGE
    assert f"Up to {settings.upload_held // 2**10} KiB" in PAGE
    assert f"manifest of at most {settings.manifest_max_size // 2**20} MiB" in PAGE


@pytest.mark.parametrize(
    ("what", "size"),
    [
        ("manifests by digest", RegistrySettings().manifest_cache_size),
        ("existence and size of blobs", vars(blobs)["_SIZES_BYTES"]),
        ("the last record", vars(upload_records)["_KEPT_BYTES"]),
        ("descriptors of referrers", vars(referrers)["_KEPT_BYTES"]),
        ("references of manifests", vars(publish)["_KEPT_BYTES"]),
        ("decisions of the access rules", vars(rules)["_CACHED_BYTES"]),
        ("damaged objects", vars(store)["_WARNED_BYTES"]),
    ],
)
def test_the_sizes_of_caches_are_those_of_the_code(what: str, size: int) -> None:
    shown = f"{size // 2**20} MiB" if size >= 2**20 else f"{size // 2**10} KiB"
    assert re.search(rf"^\| {what}[^|]* \| {shown} \| ", PAGE, re.MULTILINE)
