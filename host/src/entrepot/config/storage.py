"""The section ``storage``: one driver, and the options that apply to every driver."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Final

from pydantic import Field

from entrepot.config.section import Findings, Known, Section, names_of, set_by
from entrepot_contract.options import nearest
from entrepot_contract.toolkit.durations import Duration

__all__ = ["StorageConfig", "split_storage"]


class DeleteConfig(Section):
    """Whether clients may delete."""

    enabled: bool = Field(default=False, examples=[True], description="Allow deletion of blobs, manifests and tags.")


class ReadonlyConfig(Section):
    """The read-only mode."""

    enabled: bool = Field(default=False, description="Reject writes.")


class RedirectConfig(Section):
    """Whether a blob may be served by a redirect to the backend."""

    disable: bool = Field(default=False, description="Do not redirect clients to the backend.")


class UploadPurgingConfig(Section):
    """When abandoned uploads are deleted."""

    enabled: bool = Field(default=True, description="Delete abandoned uploads.")
    age: Duration = Field(
        default=timedelta(hours=168), examples=["72h"], description="Age after which an upload is deleted."
    )
    interval: Duration = Field(default=timedelta(hours=24), description="Interval between purges.")
    dryrun: bool = Field(default=False, description="Only log what would be deleted.")


class MaintenanceConfig(Section):
    """Purging of uploads, and the read-only mode."""

    uploadpurging: UploadPurgingConfig = UploadPurgingConfig()
    readonly: ReadonlyConfig = ReadonlyConfig()


_CACHE: Final = "cache"
_DISTRIBUTIONS: Final[Mapping[str, None]] = {"blobdescriptor": None, "blobdescriptorsize": None, "layerinfo": None}
"""The keys of Distribution's section ``cache``; a driver has the same name."""


class StorageConfig(Section):
    """The driver's name and its options, which the driver validates."""

    later: ClassVar[Mapping[str, Known]] = {
        _CACHE: _DISTRIBUTIONS,
        "tag": {"concurrencylimit": None},
    }

    driver: str = Field(examples=["filesystem"], description="Exactly one driver, named by its entry point.")
    options: dict[str, object] = Field(
        default_factory=dict,
        repr=False,
        examples=[{"rootdirectory": "/var/lib/registry"}],
        description="Exactly one driver, named by its entry point, with its options.",
    )
    delete: DeleteConfig = DeleteConfig()
    redirect: RedirectConfig = RedirectConfig()
    maintenance: MaintenanceConfig = MaintenanceConfig()


_SECTIONS = [name for name in names_of(StorageConfig) if name not in {"driver", "options"}]


def split_storage(raw: object, findings: Findings) -> dict[str, object] | None:
    """Returns the section with its driver in ``driver`` and ``options``, or None unless it has exactly one."""
    if isinstance(raw, str):
        raw = {raw: {}}
    if not isinstance(raw, Mapping):
        findings.faults.append("storage is required; for example storage: {filesystem: {rootdirectory: ./data}}")
        return None
    drivers = [str(name) for name in raw if name not in _SECTIONS]
    if not drivers and _is_driver(raw.get(_CACHE)):
        drivers = [_CACHE]
    if len(drivers) != 1:
        named = " and ".join(drivers) or "none"
        hints = [hint for name in drivers if "did you mean" in (hint := nearest(name, _SECTIONS))]
        variables = set_by(findings.variables, *(f"storage.{name}" for name in drivers))
        findings.faults.append(
            f"storage must name exactly one driver, but names {named}{''.join(hints[:1])}{variables}"
        )
        return None
    options = raw[drivers[0]]
    if not (options is None or isinstance(options, Mapping)):
        findings.fault(f"storage.{drivers[0]}", "must be a mapping of the driver's options")
        return None
    rest = {name: value for name, value in raw.items() if name in _SECTIONS and name not in drivers}
    return {"driver": drivers[0], "options": dict(options or {}), **rest}


def _is_driver(section: object) -> bool:
    """Returns whether a section ``cache`` without a driver beside it is a driver: Distribution's has other keys."""
    return isinstance(section, Mapping) and not section.keys() <= _DISTRIBUTIONS.keys()
