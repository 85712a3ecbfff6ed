"""Events of every kind that the host delivers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from uuid import uuid4

from hypothesis import strategies as st

from entrepot_contract.events import Descriptor, Event, Request, Source

__all__ = ["BIG", "KINDS", "anew", "events", "some"]

APP: Final = "kit/app"
MANIFEST: Final = Descriptor("application/vnd.oci.image.manifest.v1+json", f"sha256:{'5d' * 32}", 1234)
LAYER: Final = Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", f"sha256:{'c0' * 32}", 5 * 2**30)
URL: Final = "https://registry.kit.example/v2/kit/app"
CONTROLS: Final = "a\r\nb: c\0\t\"'\\\x1b\x7f\x85\u2028</script>{}%s"
STARS: Final = "j\u00fcrgen \u5bc6\u7801 \U0001f433 e\u0301 \u202eright to left"
OF_A_REQUEST: Final = Event(
    "pull",
    APP,
    MANIFEST,
    tag="v1",
    url=f"{URL}/manifests/{MANIFEST.digest}",
    references=(LAYER,),
    request=Request("kit-request", "192.0.2.7:50000", "registry.kit.example", "GET", "kit/1.0 (linux)"),
    actor="alice",
    source=Source("registry.kit.example:5000", "6f2b9d1c-1f4e-4d43-9a3a-0b1c2d3e4f50"),
)


def _agent(text: str) -> Event:
    assert OF_A_REQUEST.request is not None
    return dataclasses.replace(OF_A_REQUEST, request=dataclasses.replace(OF_A_REQUEST.request, user_agent=text))


def _layers(count: int) -> tuple[Descriptor, ...]:
    return tuple(dataclasses.replace(LAYER, digest=f"sha256:{number:064x}", size=number) for number in range(count))


KINDS: Final[Mapping[str, Event]] = {
    "push-of-a-blob": Event("push", APP, LAYER, url=f"{URL}/blobs/{LAYER.digest}"),
    "push-of-a-manifest": Event("push", APP, MANIFEST, references=_layers(3)),
    "push-of-a-tag": Event("push", APP, MANIFEST, tag="v1", annotations={"org.opencontainers.image.title": "kit"}),
    "pull-of-a-blob": Event("pull", APP, LAYER),
    "pull-of-a-manifest": Event("pull", APP, MANIFEST),
    "pull-of-a-tag": OF_A_REQUEST,
    "mount-of-a-blob": Event("mount", APP, LAYER, from_repository="kit/base"),
    "delete-of-a-blob": Event("delete", APP, Descriptor("application/octet-stream", LAYER.digest, 0)),
    "delete-of-a-manifest": Event("delete", APP, MANIFEST),
    "delete-of-a-tag": Event("delete", APP, tag="v1"),
    "nothing-but-a-repository": Event("delete", "a"),
    "names-as-long-as-they-may-be": Event("push", "/".join(["r" * 63] * 4), MANIFEST, tag="t" * 128),
    "user-agent-of-16-kib": _agent("x" * 16 * 2**10),
    "user-agent-in-unicode": _agent(STARS),
    "user-agent-of-control-characters": _agent(CONTROLS),
    "no-user-agent": _agent(""),
    "actor-in-unicode": dataclasses.replace(OF_A_REQUEST, actor=STARS),
    "annotations-in-unicode": Event("push", APP, MANIFEST, annotations={STARS: CONTROLS, "": STARS}),
    "200-layers": Event("push", APP, MANIFEST, tag="v1", references=_layers(200)),
    "another-time-zone": Event(
        "push", APP, MANIFEST, timestamp=datetime(1999, 12, 31, 23, 59, 59, 1, timezone(timedelta(hours=-3.5)))
    ),
    "no-parts-of-a-second": Event("push", APP, MANIFEST, timestamp=datetime(2024, 2, 29, tzinfo=UTC)),
}
"""By name, one event of each kind."""


def anew(event: Event) -> Event:
    """Return a copy of the event with a new id."""
    return dataclasses.replace(event, id=str(uuid4()))


def some(count: int, repository: str = APP) -> Sequence[Event]:
    """Return ``count`` pushes of different tags."""
    return [Event("push", repository, MANIFEST, tag=f"v{number}") for number in range(count)]


BIG: Final = tuple(anew(KINDS["200-layers"]) for _ in range(100))
"""More data than the buffers of a connection can hold: about 4 MB."""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
sizes = st.integers(0, 2**53 - 1)
descriptors = st.builds(Descriptor, texts, st.just(MANIFEST.digest), sizes)
events: Final = st.builds(
    Event,
    st.sampled_from(["push", "pull", "mount", "delete"]),
    st.from_regex(r"[a-z0-9]{1,20}(/[a-z0-9]{1,20}){0,2}", fullmatch=True),
    st.none() | descriptors,
    tag=st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True),
    from_repository=st.none() | st.just("kit/base"),
    url=st.none() | texts,
    references=st.lists(descriptors, max_size=3).map(tuple),
    annotations=st.dictionaries(texts, texts, max_size=3),
    request=st.none() | st.builds(Request, texts, texts, texts, texts, texts),
    actor=st.none() | texts,
    source=st.none() | st.builds(Source, texts, texts),
    # Hypothesis may repeat values, but ids must be unique.
    id=st.builds(lambda: str(uuid4())),
    timestamp=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - limits
)
"""Arbitrary events."""
