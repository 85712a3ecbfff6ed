"""The tables, one file per topic."""

from protocol.rows import (
    catalog,
    conditional,
    deletion,
    errors_bad_input,
    manifests,
    mount,
    pull,
    ranges,
    status_cancel,
    subjects_referrers,
    tags,
    upload_chunked,
    upload_monolithic,
    urls_headers,
)
from protocol.table import Row

__all__ = ["ALL"]

ALL: dict[str, list[Row]] = {
    "pull": pull.ROWS,
    "ranges": ranges.ROWS,
    "conditional": conditional.ROWS,
    "upload_monolithic": upload_monolithic.ROWS,
    "upload_chunked": upload_chunked.ROWS,
    "status_cancel": status_cancel.ROWS,
    "mount": mount.ROWS,
    "manifests": manifests.ROWS,
    "subjects_referrers": subjects_referrers.ROWS,
    "tags": tags.ROWS,
    "catalog": catalog.ROWS,
    "deletion": deletion.ROWS,
    "errors_bad_input": errors_bad_input.ROWS,
    "urls_headers": urls_headers.ROWS,
}
"""All rows by topic."""
