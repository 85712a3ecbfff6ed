"""Which events are sent to an endpoint."""

from __future__ import annotations

import pytest

from entrepot.notify.interest import judge
from entrepot.notify.settings import Interest
from entrepot_contract.events import Descriptor, Event

LAYER = Descriptor("application/octet-stream", "sha256:" + "0" * 64, 1)
PUSH = Event("push", "team/app", LAYER, tag="v1.2")


@pytest.mark.parametrize(
    ("interest", "sent"),
    [
        (Interest(), True),
        (Interest(actions=("push", "delete")), True),
        (Interest(actions=("pull",)), False),
        (Interest(ignored_actions=("push",)), False),
        (Interest(ignored_actions=("pull",)), True),
        (Interest(ignored_media_types=("application/octet-stream",)), False),
        (Interest(ignored_media_types=("text/plain",)), True),
        (Interest(repositories=("team/*",)), True),
        (Interest(repositories=("*",)), False),
        (Interest(repositories=("**",)), True),
        (Interest(repositories=("other/**", "team/**")), True),
        (Interest(tags=("v*",)), True),
        (Interest(tags=("latest", "w*")), False),
        (Interest(repositories=("team/*",), tags=("latest",)), False),
    ],
)
def test_an_endpoint_gets_the_events_that_match_its_filters(interest: Interest, sent: bool) -> None:
    assert judge(interest)(PUSH) is sent


def test_an_event_without_a_tag_does_not_match_a_tag_filter() -> None:
    assert not judge(Interest(tags=("*",)))(Event("push", "a", LAYER))


def test_an_event_without_a_target_has_no_media_type() -> None:
    assert judge(Interest(ignored_media_types=("",)))(Event("delete", "a", tag="v1"))
