"""Where things lie in the storage: Distribution's tree, byte for byte (its registry/storage/paths.go).

What entrepot adds lies below ``entrepot/``, which Distribution never looks at.
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
"""Below a repository, what makes it one."""

PEER_UPLOADS = "_uploads"
"""Below a repository, where Distribution keeps uploads; entrepot keeps its own elsewhere."""

_OWN = "entrepot"
UPLOADS = f"{_OWN}/uploads/"
STAGED = f"{_OWN}/staging/"


def blob(digest: Digest) -> str:
    """The bytes of a blob or a manifest."""
    return f"{_BLOBS}/{digest.algorithm}/{digest.encoded[:2]}/{digest.encoded}/data"


def layer(name: str, digest: Digest) -> str:
    """The link that makes a blob a member of a repository."""
    return f"{REPOSITORIES}{name}/_layers/{digest.algorithm}/{digest.encoded}/link"


def layers(name: str) -> str:
    """The prefix of the links of all blobs of a repository."""
    return f"{REPOSITORIES}{name}/_layers/"


def emptied(name: str) -> str:
    """An empty object that keeps a repository known whose last manifest was deleted; Distribution ignores it."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/emptied"


def manifests(name: str) -> str:
    """The prefix whose presence makes a repository."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/"


def peer_uploads(name: str) -> str:
    """The prefix of the uploads to a repository that Distribution began: one name each, and all of it below that."""
    return f"{REPOSITORIES}{name}/{PEER_UPLOADS}/"


def revision(name: str, digest: Digest) -> str:
    """The link that makes a manifest a member of a repository."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/revisions/{digest.algorithm}/{digest.encoded}/link"


def revisions(name: str, algorithm: str) -> str:
    """The prefix of the links of all manifests of a repository whose digests are of one algorithm."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/revisions/{algorithm}/"


def tags(name: str) -> str:
    """The prefix of all tags of a repository."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/tags/"


def tag(name: str, tag: str) -> str:
    """The prefix of all that is known of one tag."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/tags/{tag}/"


def tag_current(name: str, tag: str) -> str:
    """The link to the manifest that a tag names now."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/tags/{tag}/current/link"


def tag_index(name: str, tag: str, digest: Digest) -> str:
    """The link that remembers that a tag has named a manifest."""
    return f"{REPOSITORIES}{name}/{MANIFESTS}/tags/{tag}/index/{digest.algorithm}/{digest.encoded}/link"


def referrers(name: str, subject: Digest) -> str:
    """The prefix of the referrers of one subject; ``_subjects`` cannot be a part of a repository's name."""
    return f"{_OWN}/referrers/{name}/_subjects/{subject.algorithm}/{subject.encoded}/"


def referrer(name: str, subject: Digest, digest: Digest) -> str:
    """The link from a subject to one manifest that refers to it."""
    return f"{referrers(name, subject)}{digest.algorithm}/{digest.encoded}/link"


def upload_shard(uuid: str) -> str:
    """The prefix of the records of an upload and of those whose identifiers begin alike, one in 256 of all.

    On a filesystem it is a directory, read whole to find where an upload stands. One for each upload would be made,
    synced and removed with every blob.
    """
    return f"{UPLOADS}{uuid[:2]}/"


def upload_records(uuid: str) -> str:
    """What the keys of the records of one upload begin with; it is no prefix of whole segments."""
    return f"{upload_shard(uuid)}{uuid}."


def upload_record(uuid: str, number: int) -> str:
    """One record of an upload; eight digits keep them in order."""
    return f"{upload_records(uuid)}{number:08d}"


def record_number(key: str) -> tuple[str, int]:
    """The upload and the number that the key of a record names; a key of any other form is number 0 of its own.

    Earlier versions wrote records directly below ``UPLOADS``.
    """
    uuid, _, number = key.rpartition("/")[2].rpartition(".")
    return (uuid, int(number)) if number.isdigit() else (key, 0)


def staging(uuid: str) -> str:
    """Where an upload is committed to when its digest has to be computed from the stored bytes."""
    return f"{STAGED}{uuid}"
