"""Events as CloudEvents 1.0 in JSON (CloudEvents JSON format, 3 and 4)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from entrepot_contract.events import Event
from entrepot_notify_webhook.envelope import record

__all__ = ["BATCH_TYPE", "ONE_TYPE", "cloud_events"]

ONE_TYPE: Final = "application/cloudevents+json"
BATCH_TYPE: Final = "application/cloudevents-batch+json"


def cloud_events(events: Sequence[Event]) -> tuple[bytes, str]:
    """Return the body for one event or a batch of several, and its media type."""
    if len(events) == 1:
        return json.dumps(_cloud_event(events[0]), ensure_ascii=False).encode(), ONE_TYPE
    return json.dumps([_cloud_event(event) for event in events], ensure_ascii=False).encode(), BATCH_TYPE


def _cloud_event(event: Event) -> dict[str, object]:
    subject = event.repository
    if event.tag is not None:
        subject += f":{event.tag}"
    if event.target is not None:
        subject += f"@{event.target.digest}"
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"//{event.source.address}" if event.source is not None else "/entrepot",
        "type": f"io.entrepot.{event.action}.v1",
        "subject": subject,
        "time": event.timestamp.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": record(event),
    }
