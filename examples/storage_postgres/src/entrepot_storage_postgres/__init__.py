"""Storage driver for entrepot on PostgreSQL."""

from entrepot_storage_postgres.database import PostgresOptions
from entrepot_storage_postgres.driver import PostgresDriver

__all__ = ["PostgresDriver", "PostgresOptions"]
