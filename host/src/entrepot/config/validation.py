"""The section ``validation``: what a pushed manifest may name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from entrepot.config.section import Known, Section

__all__ = ["Validation"]


def _pattern(value: object) -> re.Pattern[str]:
    try:
        return re.compile(str(value))
    except re.error as error:
        raise ValueError("is no regular expression that Python knows") from error


Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]


class Urls(Section):
    """Which ``urls`` a layer may name."""

    allow: tuple[Pattern, ...] = ()
    deny: tuple[Pattern, ...] = ()


class IndexPlatform(Section):
    """One platform of an image index."""

    architecture: str
    os: str


class Indexes(Section):
    """Which children of an image index must be there."""

    platforms: Annotated[Literal["all", "none", "list"], BeforeValidator(lambda value: str(value).lower())] = "all"
    platformlist: tuple[IndexPlatform, ...] = ()


class Manifests(Section):
    """The rules for manifests."""

    urls: Urls = Urls()
    indexes: Indexes = Indexes()


class Validation(Section):
    """The rules for what is pushed, and the switch that turns them off."""

    later: ClassVar[Mapping[str, Known]] = {"enabled": None}

    disabled: bool = False
    manifests: Manifests = Manifests()
