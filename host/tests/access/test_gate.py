"""Authentication, authorization, and the challenges sent to clients."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from host.tests.access.authenticators import Failing, People, Tokens

from entrepot.access import Gate, Rule, Rules
from entrepot.access.rules import CATALOG
from entrepot.errors import Forbidden, Unauthorized
from entrepot_contract.auth import Access, Authenticator, Identity, Presented, Refused
from entrepot_contract.server import ClientCertificate

PULL = Access("repository", "a", "pull")
PUSH = Access("repository", "a", "push")
RULES = Rules([Rule.of("anonymous", "public/**", ["pull"]), Rule.of("authenticated", "**", ["pull"])])
SECRET = "swordfish"  # noqa: S105 - that is the test


def _presented(authorization: str | None) -> Presented:
    return Presented(authorization, "192.0.2.1", "https://registry.test/")


@pytest.fixture
def gate() -> Gate:
    return Gate([Tokens(), People()], RULES)


def test_authenticators_are_tried_in_order_until_one_accepts_the_credential(gate: Gate) -> None:
    assert gate.identify(_presented("Name alice")) == Identity("alice", frozenset({"devs"}))
    robot = gate.identify(_presented("Bearer repository:a:pull"))
    assert robot is not None
    assert robot.grants == frozenset({PULL})
    assert gate.identify(_presented(None)) is None


@pytest.mark.parametrize("authorization", ["", " ", "Name mallory", "Other x", "Bearer x", "x" * 20_000])
def test_an_invalid_credential_never_becomes_an_anonymous_request(gate: Gate, authorization: str) -> None:
    with pytest.raises(Refused):
        gate.identify(_presented(authorization), ClientCertificate("carol"))


def test_a_certificate_identifies_a_client_without_other_credentials(gate: Gate) -> None:
    carol = ClientCertificate("carol", ("ops", "devs"))
    assert gate.identify(_presented(None), carol) == Identity("carol", frozenset({"ops", "devs"}))
    alice = gate.identify(_presented("Name alice"), carol)
    assert alice is not None
    assert alice.name == "alice"
    assert gate.identify(_presented(None), ClientCertificate("")) is None


@pytest.mark.parametrize("error", [RuntimeError, ValueError, KeyError, OSError, AssertionError])
def test_an_authenticator_that_raises_denies_the_request_without_logging_the_secret(
    error: Callable[[str], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate([Failing(error), People()], RULES)
    with caplog.at_level(logging.DEBUG), pytest.raises(Refused) as caught:
        gate.identify(_presented(f"Name {SECRET}"))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "failing" in record.getMessage()
    assert "authenticators.py:" in record.getMessage()
    assert SECRET not in caplog.text
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_after_a_failed_challenge_the_next_authenticator_is_used(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate([Failing(), People()], RULES)
    answer = gate.unauthorized(_presented(f"Name {SECRET}"), [PULL], None)
    assert answer.headers == {"WWW-Authenticate": 'Name realm="people"'}
    assert SECRET not in caplog.text


def test_a_challenge_with_a_line_break_is_not_sent() -> None:
    class Splitting(People):
        def challenge(self, *_: object) -> str | None:
            return 'Name realm="a"\r\nSet-Cookie: b'

    assert Gate([Splitting()], RULES).unauthorized(_presented(None), [PULL], None).headers == {}


@pytest.mark.parametrize(
    ("authorization", "wanted", "refused"),
    [
        (None, PULL, Unauthorized),
        (None, Access("repository", "public/a", "pull"), None),
        ("Name alice", PULL, None),
        ("Name alice", PUSH, Forbidden),
        ("Bearer repository:a:push", PUSH, None),
        ("Bearer repository:a:push", PULL, Unauthorized),
        ("Bearer repository:a:push", Access("repository", "public/a", "pull"), Unauthorized),
    ],
)
def test_grants_decide_if_there_are_any_and_rules_otherwise(
    gate: Gate, authorization: str | None, wanted: Access, refused: type[Exception] | None
) -> None:
    presented = _presented(authorization)
    identity = gate.identify(presented)
    if refused is None:
        gate.check(presented, identity, [wanted])
        return
    with pytest.raises(refused) as caught:
        gate.check(presented, identity, [wanted])
    assert isinstance(caught.value, Unauthorized | Forbidden)
    assert caught.value.detail == [{"Type": "repository", "Class": "", "Name": wanted.name, "Action": wanted.action}]
    assert ("WWW-Authenticate" in caught.value.headers) is (refused is Unauthorized)


def test_a_token_without_the_required_access_gets_insufficient_scope(gate: Gate) -> None:
    presented = _presented("Bearer repository:a:pull")
    with pytest.raises(Unauthorized) as caught:
        gate.check(presented, gate.identify(presented), [PULL, PUSH])
    challenge = caught.value.headers["WWW-Authenticate"]
    assert challenge.endswith('scope="repository:a:pull repository:a:push",error="insufficient"')


def test_without_authenticators_there_is_no_challenge() -> None:
    with pytest.raises(Forbidden):
        Gate([], Rules([])).check(_presented(None), None, [PULL])


@pytest.mark.parametrize(
    ("grants", "name", "listed"),
    [
        (None, "a", True),
        ({PULL, CATALOG}, "a", True),
        ({CATALOG}, "a", True),
        ({PULL}, "b", False),
    ],
)
def test_the_catalog_shows_repositories_that_the_client_may_pull(
    gate: Gate, grants: set[Access] | None, name: str, listed: bool
) -> None:
    identity = Identity("alice", grants=None if grants is None else frozenset(grants))
    assert gate.lists(identity, name) is listed
    assert gate.lists(None, "public/a")
    assert not gate.lists(None, "a")


def test_closing_closes_the_authenticators() -> None:
    people: list[People] = [People(), People()]
    authenticators: list[Authenticator] = [*people]
    Gate(authenticators, RULES).close()
    assert [one.closed for one in people] == [1, 1]
