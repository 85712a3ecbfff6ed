"""With a full disk, pushes fail with an error, existing content stays, and freed space can be used again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.content import digest_of
from support.images import package
from support.push import missing_parts, push_image
from support.services.programs import need_root
from support.services.registry import Registry
from support.wire import Answer

MIB = 2**20


@pytest.fixture
def root(request: pytest.FixtureRequest, folder: Path) -> Iterator[Path]:
    need_root(request, "mount a small disk")
    path = folder / "small-disk"
    path.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(path)), check=True, capture_output=True)
    yield path
    subprocess.run(("umount", str(path)), check=True, capture_output=True)


def _refused(answer: Answer) -> bool:
    body = answer.json()
    return 500 <= answer.status < 600 and isinstance(body, dict) and bool(body["errors"][0]["code"])


def test_a_blob_that_does_not_fit_is_rejected_without_side_effects(host: Registry) -> None:
    early = package([b"early"])
    push_image(host.wire, "app", early, "early")
    data = Random("large").randbytes(30 * MIB)  # noqa: S311  # content, not a secret
    location = host.wire.start_upload("app")

    answer = host.wire.patch(location, data)

    assert _refused(answer), answer
    assert missing_parts(host.wire, "app", early, "early") == []
    assert host.wire.blob("app", digest_of(data)).status == 404
    assert host.wire.request("DELETE", host.wire.status(location).location).status == 204
    assert host.wire.push_blob("app", data[: 12 * MIB]).status == 201
    assert host.wire.blob("app", digest_of(data[: 12 * MIB])).body == data[: 12 * MIB]


def test_a_rejected_monolithic_blob_takes_no_space(host: Registry) -> None:
    data = Random("one request").randbytes(30 * MIB)  # noqa: S311  # content, not a secret
    fitting = data[: 16 * MIB]

    for _ in range(2):
        answer = host.wire.request("POST", f"/v2/app/blobs/uploads/?digest={digest_of(data)}", data)
        assert _refused(answer), answer

    assert host.wire.blob("app", digest_of(data)).status == 404
    assert host.wire.push_blob("app", fitting).status == 201
    assert host.wire.blob("app", digest_of(fitting)).body == fitting


def test_an_upload_resumes_when_space_is_available_again(host: Registry, root: Path) -> None:
    data = Random("goes on").randbytes(6 * MIB)  # noqa: S311  # content, not a secret
    first = host.wire.patch(host.wire.start_upload("app"), data[:MIB])
    filler = _fill(root)
    assert _refused(host.wire.patch(first.location, data[MIB:]))

    filler.unlink()

    status = host.wire.status(first.location)
    assert status.received >= MIB
    assert host.wire.finish(status.location, digest_of(data), data[status.received :]).status == 201
    assert host.wire.blob("app", digest_of(data)).body == data


def test_a_manifest_that_does_not_fit_is_rejected_and_not_listed(host: Registry, root: Path) -> None:
    early, late = package([b"early"]), package([b"late"])
    push_image(host.wire, "app", early, "early")
    for blob in late.blobs:
        assert host.wire.push_blob("app", blob).status == 201
    filler = _fill(root)

    for _ in range(20):
        assert _refused(host.wire.push_manifest("app", "late", late.manifest))
    assert "Traceback" not in host.service.output()
    assert host.service.output().count("no space left") <= 8  # each operation logs once a minute per worker

    assert host.wire.tags("app") == ["early"]
    assert missing_parts(host.wire, "app", early, "early") == []
    filler.unlink()
    push_image(host.wire, "app", late, "late")
    assert missing_parts(host.wire, "app", late, "late") == []


def _fill(root: Path) -> Path:
    filler = root / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while file.write(b"f" * size):
                    pass
            except OSError:
                continue
    return filler
