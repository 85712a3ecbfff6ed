"""Authenticators that remember too long, or change their users while they are used."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from contract.tests.broken.register import refused_by
from contract.tests.honest_auth import HonestBasic, HonestIssuer
from contract.tests.honest_jwt import HonestVerifier

from entrepot_contract import DriverOptions
from entrepot_contract.auth import Identity, Presented
from entrepot_contract.tokens import Authority, TokenAnswer, TokenRequest


@refused_by("test_a_token_that_was_used_before_ends_with_its_time")
class RemembersUsedTokens(HonestVerifier):
    """Accepts a token that it has accepted before, at any time."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.used: dict[str | None, Identity] = {}

    def authenticate(self, presented: Presented) -> Identity | None:
        known = self.used.get(presented.authorization)
        if known is not None:
            return known
        found = super().authenticate(presented)
        if found is not None:
            self.used[presented.authorization] = found
        return found


@refused_by("test_users_stay_known_while_others_are_added")
class ReloadsInPlace(HonestBasic):
    """Clears the users before it reads the new ones."""

    def __init__(self, options: DriverOptions) -> None:
        self.shared: dict[str, Sequence[str]] = {}
        super().__init__(options)

    def read(self, content: bytes) -> Mapping[str, Sequence[str]]:
        self.shared.clear()
        found = super().read(content)
        self.shared.update(found)
        return self.shared


@refused_by("test_changes_shortly_after_each_other_all_count")
class ComparesWholeSeconds(HonestBasic):
    """Reads its file again if the time in whole seconds has changed."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.at, self.known = 0, super().users

    @property
    def users(self) -> Mapping[str, Sequence[str]]:
        path = Path(self.options.path)
        with suppress(OSError, ValueError):
            at = int(os.stat(path).st_mtime)
            if at != self.at:
                self.known, self.at = self.read(path.read_bytes()), at
        return self.known


@refused_by("test_a_repository_may_be_in_several_scopes")
class KeepsTheLastScope(HonestIssuer):
    """Keeps one scope for each repository: the last."""

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        scopes = [scope for text in request.parameters.get("scope", []) for scope in text.split()]
        last = list({scope.rpartition(":")[0]: scope for scope in scopes}.values())
        parameters = {**request.parameters, **({"scope": last} if scopes else {})}
        return super().issue(dataclasses.replace(request, parameters=parameters), authority)
