"""The root of the configuration: Docker Distribution's YAML, version 0.1, as far as entrepot supports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator

from entrepot.config.access import AccessRuleConfig
from entrepot.config.http import HttpConfig
from entrepot.config.limits import LimitsConfig
from entrepot.config.notifications import NotificationsConfig
from entrepot.config.section import Known, Section
from entrepot.config.storage import StorageConfig
from entrepot.config.validation import ValidationConfig

__all__ = ["Configuration", "LogConfig"]

Level = Annotated[Literal["error", "warn", "info", "debug"], BeforeValidator(lambda value: str(value).lower())]


class AccessLogSwitchConfig(Section):
    """Whether each request is logged."""

    disabled: bool = Field(default=False, description="Disable the access log.")


class LogConfig(Section):
    """Log level and format; ``fields`` are added to every record."""

    later: ClassVar[Mapping[str, Known]] = {
        "hooks": [{"type": None, "disabled": None, "levels": None, "options": None}],
        "reportcaller": None,
    }

    level: Level = Field(default="info", examples=["debug"], description="Minimum severity that is logged.")
    formatter: Literal["text", "json", "logstash"] = Field(
        default="text", examples=["json"], description="Format of the log; `logstash` is the same as `json`."
    )
    fields: dict[str, str] = Field(
        default_factory=dict, examples=[{"site": "berlin"}], description="Fields added to every log record."
    )
    accesslog: AccessLogSwitchConfig = AccessLogSwitchConfig()

    @property
    def as_json(self) -> bool:
        """Whether each record is a JSON object."""
        return self.formatter != "text"


class CatalogConfig(Section):
    """Maximum number of repositories on one page of the catalog."""

    maxentries: int = Field(default=1000, gt=0, examples=[500], description="Maximum number of repositories per page.")


class TagsConfig(Section):
    """Maximum number of tags on one page of a tag list."""

    maxtags: int = Field(default=1000, gt=0, examples=[500], description="Maximum number of tags per page.")


_CHECK: Final[Mapping[str, Known]] = {"interval": None, "threshold": None, "timeout": None}


class Configuration(Section):
    """The validated configuration of the registry; its repr does not show secrets."""

    later: ClassVar[Mapping[str, Known]] = {
        "compatibility": None,
        "health": {
            "storagedriver": {"enabled": None, "interval": None, "threshold": None},
            "file": [{"file": None, "interval": None}],
            "http": [{"uri": None, "method": None, "headers": None, "statuscode": None, **_CHECK}],
            "tcp": [{"addr": None, **_CHECK}],
        },
        "middleware": {
            kind: [{"name": None, "disabled": None, "options": None}] for kind in ("registry", "repository", "storage")
        },
        "policy": {"repository": {"classes": None}},
        "redis": None,
        "reporting": None,
    }

    refused: ClassVar[Mapping[str, str]] = {
        "proxy": "a cache would accept pushes from all clients; remove it, or run a mirror with other software",
    }

    version: Literal["0.1"] = Field(description="Version of the format.")
    loglevel: Level | None = Field(default=None, description="Deprecated name of `log.level`.")
    log: LogConfig = LogConfig()
    storage: StorageConfig
    http: HttpConfig = HttpConfig()
    catalog: CatalogConfig = CatalogConfig()
    tags: TagsConfig = TagsConfig()
    validation: ValidationConfig = ValidationConfig()
    auth: dict[str, dict[str, object]] = Field(
        default_factory=dict,
        repr=False,
        examples=[{"htpasswd": {"realm": "registry", "path": "/etc/entrepot/htpasswd"}}],
        description="Authenticators with their options, in the order in which they are tried; without any, clients "
        "are not authenticated.",
    )
    access: tuple[AccessRuleConfig, ...] | None = Field(
        default=None,
        examples=[[{"who": "authenticated", "repository": "team/**", "actions": ["pull", "push"]}]],
        description="Who may do what in which repository. Without this key, authenticated clients may do everything "
        "(*extension*).",
    )
    limits: LimitsConfig = LimitsConfig()
    notifications: NotificationsConfig = NotificationsConfig()
    _variables: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variable that set a key, by the key's dotted path."""
        return self._variables

    @field_validator("auth", mode="before")
    @classmethod
    def _without_none(cls, auth: object) -> object:
        if isinstance(auth, str):
            auth = {auth: {}}
        if not isinstance(auth, Mapping):
            raise ValueError("must map the names of authenticators to their options")  # noqa: TRY004 - for pydantic
        return {name: {} if options is None else options for name, options in auth.items() if name != "none"}

    @property
    def level(self) -> str:
        """The minimum severity that is logged; ``loglevel`` is Distribution's former name of ``log.level``."""
        return self.log.level if "level" in self.log.model_fields_set or self.loglevel is None else self.loglevel
