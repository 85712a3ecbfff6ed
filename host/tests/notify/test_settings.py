"""Which events are sent to an endpoint."""

from __future__ import annotations

import pytest

from entrepot.notify.settings import Filters, matcher
from entrepot_contract.events import Descriptor, Event

LAYER = Descriptor("application/octet-stream", "sha256:" + "0" * 64, 1)
PUSH = Event("push", "team/app", LAYER, tag="v1.2")


@pytest.mark.parametrize(
    ("filters", "sent"),
    [
        (Filters(), True),
        (Filters(actions=("push", "delete")), True),
        (Filters(actions=("pull",)), False),
        (Filters(ignored_actions=("push",)), False),
        (Filters(ignored_actions=("pull",)), True),
        (Filters(ignored_media_types=("application/octet-stream",)), False),
        (Filters(ignored_media_types=("text/plain",)), True),
        (Filters(repositories=("team/*",)), True),
        (Filters(repositories=("*",)), False),
        (Filters(repositories=("**",)), True),
        (Filters(repositories=("other/**", "team/**")), True),
        (Filters(tags=("v*",)), True),
        (Filters(tags=("latest", "w*")), False),
        (Filters(repositories=("team/*",), tags=("latest",)), False),
    ],
)
def test_an_endpoint_gets_the_events_that_match_its_filters(filters: Filters, sent: bool) -> None:
    assert matcher(filters)(PUSH) is sent


def test_an_event_without_a_tag_does_not_match_a_tag_filter() -> None:
    assert not matcher(Filters(tags=("*",)))(Event("push", "a", LAYER))


def test_an_event_without_a_target_has_no_media_type() -> None:
    assert matcher(Filters(ignored_media_types=("",)))(Event("delete", "a", tag="v1"))
