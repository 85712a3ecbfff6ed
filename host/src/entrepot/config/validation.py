"""The section ``validation``: rules for pushed manifests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from entrepot.config.section import Known, Section

__all__ = ["ValidationConfig"]


def _pattern(value: object) -> re.Pattern[str]:
    try:
        return re.compile(str(value))
    except re.error as error:
        raise ValueError("is not a valid Python regular expression") from error


Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]


class UrlsConfig(Section):
    """Which ``urls`` a layer may have."""

    allow: tuple[Pattern, ...] = ()
    deny: tuple[Pattern, ...] = ()


class IndexPlatformConfig(Section):
    """One platform of an image index."""

    architecture: str
    os: str


class IndexesConfig(Section):
    """Which children of an image index must exist."""

    platforms: Annotated[Literal["all", "none", "list"], BeforeValidator(lambda value: str(value).lower())] = "all"
    platformlist: tuple[IndexPlatformConfig, ...] = ()


class ManifestsConfig(Section):
    """The rules for manifests."""

    urls: UrlsConfig = UrlsConfig()
    indexes: IndexesConfig = IndexesConfig()


class ValidationConfig(Section):
    """Rules for pushed content, and the switch that disables them."""

    later: ClassVar[Mapping[str, Known]] = {"enabled": None}

    disabled: bool = False
    manifests: ManifestsConfig = ManifestsConfig()
