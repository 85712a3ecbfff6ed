"""Run the steps of a row against a server, and check the rules that apply to every response."""

from __future__ import annotations

import json
import re
import time
import uuid
from string import Template
from urllib.parse import urlsplit

from support.wire import Answer, Wire, frame

from protocol.table import Row, Step

__all__ = ["DISTRIBUTION_CODES", "SPEC_CODES", "run_row"]

SPEC_CODES = frozenset(
    [
        "BLOB_UNKNOWN",
        "BLOB_UPLOAD_INVALID",
        "BLOB_UPLOAD_UNKNOWN",
        "DIGEST_INVALID",
        "MANIFEST_BLOB_UNKNOWN",
        "MANIFEST_INVALID",
        "MANIFEST_UNKNOWN",
        "NAME_INVALID",
        "NAME_UNKNOWN",
        "SIZE_INVALID",
        "UNAUTHORIZED",
        "DENIED",
        "UNSUPPORTED",
        "TOOMANYREQUESTS",
    ]
)
"""Error codes of the distribution specification."""

DISTRIBUTION_CODES = frozenset({"RANGE_INVALID", "PAGINATION_NUMBER_INVALID", "TAG_INVALID"})
"""Error codes that Docker's clients use and that the specification lacks."""


class _Template(Template):
    idpattern = "[a-z]+"
    flags = re.RegexFlag(0)


class _Exchange:
    def __init__(self, port: int) -> None:
        name = "t" + uuid.uuid4().hex[:12]
        host = f"127.0.0.1:{port}"
        self.wire = Wire("127.0.0.1", port)
        self.variables = {"name": name, "other": name + "-other", "host": host, "base": f"http://{host}"}
        self.transcript: list[str] = []

    def fill(self, text: str) -> str:
        return _Template(text).substitute(self.variables)

    def fill_json(self, value: object) -> object:
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, list):
            return [self.fill_json(item) for item in value]
        if isinstance(value, dict):
            return {key: self.fill_json(item) for key, item in value.items()}
        return value

    def run(self, step: Step) -> None:
        deadline = time.monotonic() + step.within
        while True:
            response = self.send(step)
            try:
                self.check(step, response)
            except AssertionError as error:
                if time.monotonic() > deadline:
                    error.add_note("\n".join(["The exchange:", *self.transcript]))
                    raise
                time.sleep(0.1)
            else:
                return

    def send(self, step: Step) -> Answer | None:
        method, _, target = self.fill(step.request).partition(" ")
        data = step.raw
        if data is None:
            headers = {"Host": self.variables["host"], **{name: self.fill(value) for name, value in step.send.items()}}
            declared = len(step.body) if step.declared is None else step.declared
            body = step.body if step.cut is None else step.body[: step.cut]
            data = frame(method, target, headers, body, chunked=step.chunked, declared=declared)
        response = self.wire.exchange(data, half_close=step.cut is not None)
        self.record(f"{method} {target[:300]}", response)
        if response is not None:
            self.save(step, response)
        return response

    def record(self, request: str, response: Answer | None) -> None:
        self.transcript.append(f"> {request}")
        if response is None:
            self.transcript.append("< (closed without a response)")
        else:
            headers = "".join(f"\n    {name}: {value}" for name, value in response.headers.items())
            self.transcript.append(f"< {response.status}{headers}\n    {response.body[:300]!r}")

    def save(self, step: Step, response: Answer) -> None:
        if location := response.headers.get("Location"):
            parts = urlsplit(location)
            self.variables["location"] = parts.path + (f"?{parts.query}" if parts.query else "")
            self.variables["state"] = parts.query
        if upload := response.headers.get("Docker-Upload-UUID"):
            self.variables["uuid"] = upload
        for variable, header in step.save.items():
            value = response.headers.get(header) or ""
            if header == "Link":
                value = value.partition(">")[0].removeprefix("<")
            elif header == "Location":
                value = self.variables["location"]
            self.variables[variable] = value

    def check(self, step: Step, response: Answer | None) -> None:
        if response is None:
            assert step.status is None, "the server closed the connection without a response"
            return
        if step.status is None:
            assert response.status >= 400, f"expected an error, got {response.status}"
        else:
            allowed = (step.status,) if isinstance(step.status, int) else step.status
            assert response.status in allowed, f"expected {step.status}, got {response.status}"
        # RFC 9110 allows a server to report an unknown version or coding if the request is not valid HTTP.
        assert response.status < 500 or (step.raw and response.status in {501, 505}), f"failed with {response.status}"
        _obeys_http(self.fill(step.request), response)
        if step.raw is None and not step.server_may_refuse:
            _obeys_registry(self.fill(step.request), response)
        for name, expected in step.headers.items():
            self.check_header(name, expected, response.headers.get(name))
        if step.answer is not None:
            assert response.body == step.answer, "the body differs"
        if step.expects_json:
            found, wanted = json.loads(response.body), self.fill_json(step.json)
            assert found == wanted, f"expected {wanted}, got {found}"
        if step.code is not None:
            codes = (step.code,) if isinstance(step.code, str) else step.code
            code = json.loads(response.body)["errors"][0]["code"]
            assert code in codes, f"expected the code {step.code}, got {code}"
        if step.check is not None:
            step.check(response)

    def check_header(self, name: str, expected: str | re.Pattern[str] | None, found: str | None) -> None:
        if expected is None:
            assert found is None, f"{name} must be absent, got {found!r}"
        elif isinstance(expected, str):
            assert found == self.fill(expected), f"{name} must be {self.fill(expected)!r}, got {found!r}"
        else:
            assert found is not None, f"{name} is missing"
            assert expected.fullmatch(found), f"{name} must match {expected.pattern!r}, got {found!r}"


def _obeys_http(request: str, response: Answer) -> None:
    length = response.headers.get("Content-Length")
    if request.startswith("HEAD ") or response.status in {204, 304}:
        assert not response.body, (
            f"a response with status {response.status} to {request} must have no body (RFC 9110 section 6.4)"
        )
    elif length is not None:
        assert int(length) == len(response.body), f"Content-Length is {length}, the body has {len(response.body)} bytes"
    assert "html" not in (response.headers.get("Content-Type") or ""), "the response is HTML"


def _obeys_registry(request: str, response: Answer) -> None:
    if request.split(" ")[1].startswith("/v2/"):
        version = response.headers.get("Docker-Distribution-Api-Version")
        assert version == "registry/2.0", f"Docker-Distribution-Api-Version is {version!r}"
    assert response.headers.get("Warning") is None, "the registry must not send warnings"
    if response.status < 400 or request.startswith("HEAD "):
        return
    media_type = response.headers.get("Content-Type")
    assert media_type == "application/json", f"an error must be JSON, got {media_type!r}"
    document = json.loads(response.body)
    assert set(document) == {"errors"}, f"an error body must only have the field errors, got {sorted(document)}"
    assert document["errors"], "an error body must contain at least one error"
    for error in document["errors"]:
        assert {"code"} <= set(error) <= {"code", "message", "detail"}, f"not an error object: {error}"
        assert error["code"] in SPEC_CODES | DISTRIBUTION_CODES, f"unknown error code {error['code']}"
        assert isinstance(error.get("message", ""), str), f"the message must be a string: {error}"


def run_row(port: int, row: Row) -> None:
    """Run the steps of the row in order.

    Raises AssertionError at the first failure, with the whole exchange as a note.
    """
    conversation = _Exchange(port)
    for step in row.steps:
        conversation.run(step)
