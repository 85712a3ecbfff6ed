"""Formatting of log records."""

from __future__ import annotations

import json
import logging

import pytest

from entrepot.logs import LineFormatter, configure_logging


def record(message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    """A log record."""
    exc_info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("entrepot.part", logging.WARNING, "", 0, message, arguments, exc_info)


def test_a_record_is_one_line_of_text() -> None:
    line = LineFormatter(as_json=False, fields={"service": "r"}).format(record("no\nspace %s", "left"))
    assert line.partition(" ")[2] == 'level=warn msg="no\\nspace left" logger=entrepot.part service=r'


def test_a_record_is_one_json_object_with_its_traceback() -> None:
    try:
        int("a\nb")
    except ValueError as error:
        line = LineFormatter(as_json=True, fields={"service": "r"}).format(record("failed", error=error))
    assert "\n" not in line
    values = json.loads(line)
    assert (values["level"], values["msg"], values["service"]) == ("warn", "failed", "r")
    assert values["error"].startswith("Traceback")
    assert values["error"].endswith("'a\\nb'")


def test_only_records_of_the_level_or_above_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging("warn", as_json=False, fields={})
        logging.getLogger("a").info("quiet")
        logging.getLogger("a").warning("loud")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    captured = capsys.readouterr()
    assert "loud" in captured.err
    assert "quiet" not in captured.err + captured.out
