"""Keys in the storage: Distribution's directory tree, byte for byte (its registry/storage/paths.go).

entrepot's own keys are below ``entrepot/``, which Distribution never reads.
"""

from __future__ import annotations

from entrepot.registry.names import Digest

__all__ = [
    "MANIFESTS",
    "PEER_UPLOADS",
    "REPOSITORIES",
    "STAGED",
    "UPLOADS",
    "blob",
    "emptied",
    "layer",
    "layers",
    "manifests",
    "peer_uploads",
    "record_number",
    "referrer",
    "referrers",
    "revision",
    "revisions",
    "staging",
    "tag",
    "tag_current",
    "tag_index",
    "tags",
    "upload_record",
    "upload_records",
    "upload_shard",
]

_V2 = "docker/registry/v2"
_BLOBS = f"{_V2}/blobs"
REPOSITORIES = f"{_V2}/repositories/"
MANIFESTS = "_manifests"
"""Below a repository: the directory that makes it one."""

PEER_UPLOADS = "_uploads"
"""Below a repository: the directory of Distribution's uploads; entrepot keeps its own elsewhere."""

_OWN = "entrepot"
UPLOADS = f"{_OWN}/uploads/"
STAGED = f"{_OWN}/staging/"


def blob(digest: Digest) -> str:
    """Returns the key of the bytes of a blob or a manifest."""
    return f"{_BLOBS}/{digest.algorithm}/{digest.encoded[:2]}/{digest.encoded}/data"


def layer(name: str, digest: Digest) -> str:
    """Returns the key of the link that makes a blob a member of a repository."""
    return f"{REPOSITORIES}{name}/_layers/{digest.algorithm}/{digest.encoded}/link"


def layers(name: str) -> str:
    """Returns the prefix of the links of all blobs of a repository."""
    return f"{REPOSITORIES}{name}/_layers/"


def emptied(name: str) -> str:
    """Returns the key of an empty object that keeps a repository without manifests known; Distribution ignores it."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/emptied"


def manifests(name: str) -> str:
    """Returns the prefix whose existence makes a repository."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/"


def peer_uploads(name: str) -> str:
    """Returns the prefix of Distribution's uploads to a repository: one name per upload, with its objects below."""
    return f"{REPOSITORIES}{name}/{PEER_UPLOADS}/"


def revision(name: str, digest: Digest) -> str:
    """Returns the key of the link that makes a manifest a member of a repository."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/revisions/{digest.algorithm}/{digest.encoded}/link"


def revisions(name: str, algorithm: str) -> str:
    """Returns the prefix of the links of all manifests of a repository with digests of one algorithm."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/revisions/{algorithm}/"


def tags(name: str) -> str:
    """Returns the prefix of all tags of a repository."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/tags/"


def tag(name: str, tag: str) -> str:
    """Returns the prefix of all objects of one tag."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/tags/{tag}/"


def tag_current(name: str, tag: str) -> str:
    """Returns the key of the link to the current manifest of a tag."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/tags/{tag}/current/link"


def tag_index(name: str, tag: str, digest: Digest) -> str:
    """Returns the key of the link that records that a tag has pointed to a manifest."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/tags/{tag}/index/{digest.algorithm}/{digest.encoded}/link"


def referrers(name: str, subject: Digest) -> str:
    """Returns the prefix of the referrers of a subject; ``_subjects`` cannot be a component of a repository name."""
    return f"{_OWN}/referrers/{name}/_subjects/{subject.algorithm}/{subject.encoded}/"


def referrer(name: str, subject: Digest, digest: Digest) -> str:
    """Returns the key of the link from a subject to one manifest that refers to it."""
    return f"{referrers(name, subject)}{digest.algorithm}/{digest.encoded}/link"


def upload_shard(uuid: str) -> str:
    """Returns the prefix of the records of an upload and others with the same start of the UUID, one in 256 of all.

    On a filesystem it is a directory, listed to find the state of an upload. A directory per upload would have to be
    created, synced and removed for every blob.
    """
    return f"{UPLOADS}{uuid[:2]}/"


def upload_records(uuid: str) -> str:
    """Returns the common start of the keys of the records of one upload; it does not end at a slash."""
    return f"{upload_shard(uuid)}{uuid}."


def upload_record(uuid: str, number: int) -> str:
    """Returns the key of one record of an upload; eight digits keep them in order."""
    return f"{upload_records(uuid)}{number:08d}"


def record_number(key: str) -> tuple[str, int]:
    """Returns the upload and number in the key of a record; for a key of any other form, the key itself and 0.

    Earlier versions wrote records directly below ``UPLOADS``.
    """
    uuid, _, number = key.rpartition("/")[2].rpartition(".")
    return (uuid, int(number)) if number.isdigit() else (key, 0)


def staging(uuid: str) -> str:
    """Returns the key an upload is committed to if its digest must be computed from the stored bytes."""
    return f"{STAGED}{uuid}"
