"""Generated images: directories to build from, and OCI image layouts."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from support.content import OCI_INDEX, OCI_MANIFEST, descriptor, digest_of, encoded, image, index

__all__ = ["OciLayout", "Package", "build_context", "package", "random_files"]


@dataclass(frozen=True, slots=True)
class Package:
    """An image in a registry: its blobs, including the config, and its manifest."""

    blobs: tuple[bytes, ...]
    manifest: bytes

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return digest_of(self.manifest)


def build_context(folder: Path, files: Sequence[bytes]) -> Path:
    """Create a directory from which an image with one layer for each file is built."""
    folder.mkdir(parents=True)
    lines = ["FROM scratch"]
    for number, content in enumerate(files):
        (folder / f"file{number}").write_bytes(content)
        lines.append(f"COPY file{number} /file{number}")
    (folder / "Dockerfile").write_text("\n".join([*lines, 'CMD ["/file0"]', ""]))
    return folder


def random_files(seed: object, *sizes: int) -> list[bytes]:
    """Return random files. Different seeds give different files, so that tests do not share layers."""
    random = Random(str(seed))  # noqa: S311  # content, not a secret
    return [random.randbytes(size) for size in sizes]


def package(files: Sequence[bytes], *, architecture: str = "amd64") -> Package:
    """Return an image with one gzip layer for each file."""
    tars = [_tar(f"file{number}", content) for number, content in enumerate(files)]
    layers = [gzip.compress(tar, 1, mtime=0) for tar in tars]
    config = encoded(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/file0"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
        }
    )
    manifest = encoded(image(config, [descriptor(layer) for layer in layers]))
    return Package((*layers, config), manifest)


class OciLayout:
    """An OCI image layout in a directory, named ``oci:FOLDER:TAG`` by skopeo."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tagged: list[dict[str, object]] = []
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_bytes(encoded({"imageLayoutVersion": "1.0.0"}))

    def add(self, tag: str, image: Package) -> str:
        """Add an image with a tag and return its name for skopeo."""
        self._store(image)
        return self._tag(tag, OCI_MANIFEST, image.manifest)

    def add_index(self, tag: str, images: dict[str, Package]) -> str:
        """Add an image index with one image for each architecture and return its name for skopeo."""
        entries = []
        for architecture, one in images.items():
            self._store(one)
            platform = {"architecture": architecture, "os": "linux"}
            entries.append(descriptor(one.manifest, OCI_MANIFEST, platform=platform))
        manifest = encoded(index(*entries))
        self._write(manifest)
        return self._tag(tag, OCI_INDEX, manifest)

    def digest(self, tag: str) -> str:
        """Return the digest of a tag, read from index.json."""
        index = json.loads((self.folder / "index.json").read_bytes())
        key = "org.opencontainers.image.ref.name"
        return next(str(entry["digest"]) for entry in index["manifests"] if entry["annotations"][key] == tag)

    def _store(self, image: Package) -> None:
        for blob in (*image.blobs, image.manifest):
            self._write(blob)

    def _write(self, blob: bytes) -> None:
        (self.folder / "blobs" / "sha256" / sha256(blob).hexdigest()).write_bytes(blob)

    def _tag(self, tag: str, media_type: str, manifest: bytes) -> str:
        annotations = {"org.opencontainers.image.ref.name": tag}
        self._tagged.append(descriptor(manifest, media_type, annotations=annotations))
        (self.folder / "index.json").write_bytes(encoded({"schemaVersion": 2, "manifests": self._tagged}))
        return f"oci:{self.folder}:{tag}"


def _tar(name: str, content: bytes) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return output.getvalue()
