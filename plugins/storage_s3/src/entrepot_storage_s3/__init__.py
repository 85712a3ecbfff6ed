"""entrepot storage on Amazon S3 and compatible servers, in Docker Distribution's layout."""

from entrepot_storage_s3.driver import S3Driver
from entrepot_storage_s3.options import S3Options

__all__ = ["S3Driver", "S3Options"]
