"""Tests that no secret of the options appears in errors, reprs or logs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping

import pytest

from entrepot_contract.notify import NotificationSink
from entrepot_contract.testing.notify.base import Config, Opener, SinkBase
from entrepot_contract.testing.notify.calling import PATIENCE, refusal_of
from entrepot_contract.testing.notify.kinds import some
from entrepot_contract.testing.notify.refusing import SHORT
from entrepot_contract.testing.secrets import chain, said, shows, text_of
from entrepot_contract.testing.sentences import needs, sentence

__all__ = ["SecrecyContract"]

NO_SECRET = "the message is logged and shown, and contains no secret."  # noqa: S105 - a sentence about secrets


class SecrecyContract(SinkBase):
    """Tests of errors, reprs and logs, searched for the values of ``SecretStr`` options."""

    @sentence("SinkError", NO_SECRET)
    @needs("secrets")
    def test_no_error_shows_a_secret(
        self, open_sink: Opener, bad_places: Mapping[str, Config], secrets: set[str]
    ) -> None:
        for name, each in bad_places.items():
            error = refusal_of(open_sink(each), some(1), SHORT if name == "hanging" else PATIENCE)
            for link in chain(error):
                assert not shows(text_of(link), secrets), f"{type(link).__name__} shows a secret"
            whole = "".join(traceback.format_exception(error))
            assert not shows(whole, secrets), "the traceback shows a secret"

    @sentence("SinkError", NO_SECRET)
    @needs("secrets")
    def test_no_log_record_shows_a_secret(
        self,
        sink: NotificationSink,
        open_sink: Opener,
        bad_places: Mapping[str, Config],
        secrets: set[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        sink.deliver(some(2), PATIENCE)
        for name, each in bad_places.items():
            refusal_of(open_sink(each), some(1), SHORT if name == "hanging" else PATIENCE)
        sink.close()
        assert not shows(said(caplog.records), secrets), "a log record shows a secret"

    @sentence("SinkError", NO_SECRET)
    @needs("secrets")
    def test_no_repr_shows_a_secret(self, sink: NotificationSink, config: Config, secrets: set[str]) -> None:
        options = self.sink_class.Options.model_validate(dict(config))
        sink.deliver(some(1), PATIENCE)
        for each in (sink, options):
            assert not shows(f"{each!r} {each}", secrets), f"{type(each).__name__} shows a secret"
