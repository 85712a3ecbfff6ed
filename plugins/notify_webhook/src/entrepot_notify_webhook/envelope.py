"""Events in the format of Docker Distribution (notifications/event.go)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from entrepot_contract.events import Descriptor, Event, Request

__all__ = ["MEDIA_TYPE", "envelope", "record"]

MEDIA_TYPE: Final = "application/vnd.docker.distribution.events.v2+json"


def envelope(events: Sequence[Event]) -> bytes:
    """Return the envelope of events as JSON, indented as in Distribution."""
    return json.dumps({"events": [record(event) for event in events]}, indent=3, ensure_ascii=False).encode()


def record(event: Event) -> dict[str, object]:
    """Return one event of an envelope; field order and omission of empty fields follow Distribution."""
    return {
        "id": event.id,
        "timestamp": event.timestamp.isoformat().replace("+00:00", "Z"),
        "action": event.action,
        "target": _target(event),
        "request": _request(event.request) if event.request is not None else _request(Request("", "", "", "", "")),
        "actor": _filled({"name": event.actor}),
        "source": _filled({"addr": event.source.address, "instanceID": event.source.instance})
        if event.source is not None
        else {},
    }


def _request(request: Request) -> dict[str, object]:
    host = {"host": request.host} if request.host else {}
    return {
        "id": request.id,
        "addr": request.address,
        **host,
        "method": request.method,
        "useragent": request.user_agent,
    }


def _target(event: Event) -> dict[str, object]:
    target = _descriptor(event.target) if event.target is not None else {}
    return _filled(
        {
            **target,
            "length": target.get("size"),
            "repository": event.repository,
            "fromRepository": event.from_repository,
            "url": event.url,
            "tag": event.tag,
            "references": [_descriptor(one) for one in event.references],
        }
    )


def _descriptor(descriptor: Descriptor) -> dict[str, object]:
    return _filled({"mediaType": descriptor.media_type, "size": descriptor.size, "digest": descriptor.digest})


def _filled(fields: dict[str, object]) -> dict[str, object]:
    """Drop the fields that Go's ``omitempty`` omits."""
    return {name: value for name, value in fields.items() if value not in (None, "", 0, [])}
