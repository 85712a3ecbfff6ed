"""Which events are sent to an endpoint, and the settings as the notifier's process gets them."""

from __future__ import annotations

import pytest

from entrepot.config import Configuration
from entrepot.config.notifications import EndpointConfig
from entrepot.notify.settings import SETTINGS, MetricsSettings, matcher, notify_settings
from entrepot_contract.events import Descriptor, Event

LAYER = Descriptor("application/octet-stream", "sha256:" + "0" * 64, 1)
PUSH = Event("push", "team/app", LAYER, tag="v1.2")


def endpoint(**filters: object) -> EndpointConfig:
    return EndpointConfig.model_validate({"name": "x", **filters})


@pytest.mark.parametrize(
    ("filters", "sent"),
    [
        ({}, True),
        ({"actions": ["push", "delete"]}, True),
        ({"actions": ["pull"]}, False),
        ({"ignore": {"actions": ["push"]}}, False),
        ({"ignore": {"actions": ["pull"]}}, True),
        ({"ignore": {"mediatypes": ["application/octet-stream"]}}, False),
        ({"ignore": {"mediatypes": ["text/plain"]}}, True),
        ({"ignoredmediatypes": ["application/octet-stream"]}, False),
        ({"repositories": ["team/*"]}, True),
        ({"repositories": ["*"]}, False),
        ({"repositories": ["**"]}, True),
        ({"repositories": ["other/**", "team/**"]}, True),
        ({"tags": ["v*"]}, True),
        ({"tags": ["latest", "w*"]}, False),
        ({"repositories": ["team/*"], "tags": ["latest"]}, False),
    ],
)
def test_an_endpoint_gets_the_events_that_match_its_filters(filters: dict[str, object], sent: bool) -> None:
    assert matcher(endpoint(**filters))(PUSH) is sent


def test_an_event_without_a_tag_does_not_match_a_tag_filter() -> None:
    assert not matcher(endpoint(tags=["*"]))(Event("push", "a", LAYER))


def test_an_event_without_a_target_has_no_media_type() -> None:
    assert matcher(endpoint(ignoredmediatypes=[""]))(Event("delete", "a", tag="v1"))


def test_the_settings_are_read_back_from_json_with_the_options_of_sinks() -> None:
    text = {"name": "x", "url": "http://e", "timeout": "1500ms", "headers": {"A": ["b"]}, "tags": ["v*"], "empty": None}
    configuration = Configuration.model_validate(
        {
            "version": "0.1",
            "storage": {"driver": "inmemory"},
            "loglevel": "debug",
            "log": {"formatter": "json", "fields": {"site": "berlin"}},
            "http": {"debug": {"addr": "[::1]:5001", "prometheus": {"enabled": True}}},
            "notifications": {
                "endpoints": [text, {"name": "off", "disabled": True}],
                "events": {"includereferences": True},
                "outbox": {"keep": "90m", "keepdead": 0},
            },
        }
    )
    settings = notify_settings(configuration)
    assert settings is not None
    assert SETTINGS.validate_json(SETTINGS.dump_json(settings)) == settings
    assert settings.endpoints[0].options == {"url": "http://e", "headers": {"A": ["b"]}, "empty": None}
    assert [one.name for one in settings.endpoints] == ["x"]
    assert (settings.log.level, settings.log.as_json, settings.include_references) == ("debug", True, True)
    assert settings.metrics == MetricsSettings("::1", 5001, "/metrics")
