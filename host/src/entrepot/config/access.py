"""The section ``access``: access rules."""

from __future__ import annotations

import re
from typing import Final

from pydantic import Field, field_validator

from entrepot.access.rules import RuleAction
from entrepot.config.section import Section

__all__ = ["AccessRuleConfig"]

_WHO: Final = re.compile(r"anonymous|authenticated|(?:user|group):\S(?:.*\S)?")
_GLOB: Final = re.compile(r"[a-z0-9._/*?\[\]!-]+")


class AccessRuleConfig(Section):
    """An access rule: the actions that are allowed to a client in some repositories."""

    who: str = Field(description="`anonymous` (every client), `authenticated`, `user:NAME` or `group:NAME`.")
    repository: str = Field(default="**", description="A glob: the repositories in which the actions are allowed.")
    actions: tuple[RuleAction, ...] = Field(
        min_length=1, description="What is allowed; `push` requires `pull` as well."
    )

    @field_validator("who")
    @classmethod
    def _known(cls, who: str) -> str:
        if not _WHO.fullmatch(who):
            raise ValueError("must be anonymous, authenticated, user:NAME or group:NAME")
        return who

    @field_validator("repository")
    @classmethod
    def _can_match(cls, repository: str) -> str:
        if not _GLOB.fullmatch(repository):
            raise ValueError("cannot match any repository: names consist of lowercase letters, digits and . _ - /")
        return repository
