"""The section ``validation``: rules for pushed manifests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

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

    allow: tuple[Pattern, ...] = Field(
        default=(),
        examples=[["^https://example\\.com/"]],
        description="Patterns; each URL of a foreign layer must match one of them. Without any, all URLs are allowed.",
    )
    deny: tuple[Pattern, ...] = Field(default=(), description="Patterns that a URL of a foreign layer must not match.")


class IndexPlatformConfig(Section):
    """One platform of an image index."""

    architecture: str = Field(description="Architecture of a platform that must exist, for `list`.")
    os: str = Field(description="Operating system of this platform.")


class IndexesConfig(Section):
    """Which children of an image index must exist."""

    platforms: Annotated[Literal["all", "none", "list"], BeforeValidator(lambda value: str(value).lower())] = Field(
        default="all", examples=["list"], description="Which child manifests of an index must exist."
    )
    platformlist: tuple[IndexPlatformConfig, ...] = Field(
        default=(), examples=[[{"architecture": "amd64", "os": "linux"}]]
    )


class ManifestsConfig(Section):
    """The rules for manifests."""

    urls: UrlsConfig = UrlsConfig()
    indexes: IndexesConfig = IndexesConfig()


class ValidationConfig(Section):
    """Rules for pushed content, and the switch that disables them."""

    later: ClassVar[Mapping[str, Known]] = {"enabled": None}

    disabled: bool = Field(default=False, description="Do not check whether the references of a manifest exist.")
    manifests: ManifestsConfig = ManifestsConfig()
