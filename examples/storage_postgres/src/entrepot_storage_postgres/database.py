"""The connections of a driver, the tables that they find, and the meaning of PostgreSQL's errors."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from importlib.resources import files
from threading import BoundedSemaphore
from typing import Any

import psycopg
from psycopg.abc import RV, Params, PQGen
from psycopg.pq import TransactionStatus
from pydantic import Field, SecretStr

from entrepot_contract import DriverOptions, errors
from entrepot_contract.toolkit.durations import Duration

_MEANING: dict[str, type[errors.StorageError]] = {  # by SQLSTATE, or its class
    **dict.fromkeys(("28", "3D", "42501"), errors.Denied),
    "53100": errors.NoSpace,
    "23503": errors.UploadUnknown,  # a chunk of a part that is gone
    **dict.fromkeys(("XX001", "XX002"), errors.IntegrityError),
}
# libpq reports a refused connection without an SQLSTATE.
_REFUSED = ("authentication failed", "pg_hba.conf", "permission denied", "does not exist", "no password supplied")
_EXISTS = "SELECT 1 FROM pg_tables WHERE schemaname = current_setting('search_path') AND tablename = 'objects'"

Row = tuple[Any, ...]
_STATEMENTS = files(__package__).joinpath("statements.sql").read_text().split("-- name: ")
SQL = {name: statement.encode() for name, _, statement in (each.partition("\n") for each in _STATEMENTS)}


class PostgresOptions(DriverOptions):
    """The database, named as in libpq, whose environment variables apply to the rest; and limits."""

    host: str = Field("127.0.0.1", description="The server, or the directory of its socket.")
    port: int = Field(5432, ge=1, le=65535, description="Its port.")
    dbname: str = Field(description="The database, which must exist.")
    user: str = Field("entrepot", description="The user, who must be able to create the schema, or own it.")
    password: SecretStr | None = Field(None, description="The password.")
    sslmode: str = Field("prefer", pattern="^(disable|allow|prefer|require|verify-ca|verify-full)$")
    schema_: str = Field("entrepot", alias="schema", pattern="^[a-z_][a-z0-9_]{0,62}$", description="Its schema.")
    connections: int = Field(16, ge=1, description="The number of connections of each process, at most.")
    timeout: Duration = Field(timedelta(seconds=10), ge=timedelta(seconds=1), description="The time of a statement.")
    keep_deleted: Duration = Field(timedelta(hours=1), description="The time of a read of an object that is deleted.")


def failure(kind: type[errors.StorageError], operation: str, key: str | None, reason: object) -> errors.StorageError:
    return kind(f"{reason}", driver="postgres", operation=operation, key=key)


def meaning(error: psycopg.Error, operation: str, key: str | None) -> errors.StorageError:
    state, words = error.sqlstate or "", (error.diag.message_primary or str(error)).partition("\n")[0]
    kind = _MEANING.get(state) or _MEANING.get(state[:2]) or errors.Unavailable
    if not state and any(refusal in words for refusal in _REFUSED):
        kind = errors.Denied
    return failure(kind, operation, key, words or type(error).__name__)


class Connection(psycopg.Connection[Row]):
    """A connection that is closed if the server does not answer: a server that hangs cannot end a statement."""

    timeout, durable = 10.0, True

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.timeout if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.close()
            raise psycopg.OperationalError("the server did not answer in time") from error

    def set_durable(self, durable: bool) -> None:
        """Choose whether commits wait until they are on disk, or need only survive this process."""
        if durable != self.durable:
            self.execute("RESET synchronous_commit" if durable else "SET synchronous_commit TO off")
            self.durable = durable


class Database:
    """Connections, kept after use. Those of psycopg_pool are opened by its threads: a wrong password is a timeout."""

    def __init__(self, options: PostgresOptions) -> None:
        self._options, self._seconds = options, options.timeout.total_seconds()
        self._slots = BoundedSemaphore(options.connections)
        self._idle: list[Connection] = []
        self._prepared = self._closed = False

    @contextmanager
    def use(self, operation: str, key: str | None = None, *, durable: bool = True) -> Iterator[Connection]:
        """Lend a connection, and translate the errors of psycopg. No code of a caller may run inside."""
        if not self._slots.acquire(timeout=self._seconds):
            raise failure(errors.Unavailable, operation, key, "all connections are in use")
        connection = None
        try:
            connection = self._take()
            if not self._prepared:
                self._prepare(connection)
            connection.set_durable(durable)
            yield connection
        except psycopg.Error as error:
            if connection is None or connection.closed:
                self._close_idle()  # the server has closed them, too
            raise meaning(error, operation, key) from error
        finally:
            self._give_back(connection)

    def row(self, operation: str, key: str, statement: bytes, values: Params, *, durable: bool = True) -> Row | None:
        """Return the first row of a statement's result."""
        with self.use(operation, key, durable=durable) as connection, connection.cursor(binary=True) as cursor:
            return cursor.execute(statement, values).fetchone()

    def check(self) -> None:
        """Raise an error if a new connection cannot be opened and used."""
        try:
            with closing(self._connect()) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise meaning(error, "health", None) from error

    def close(self) -> None:
        self._closed = True  # those in use are closed after it
        self._close_idle()

    def _give_back(self, connection: Connection | None) -> None:
        if connection is None:
            pass
        elif connection.info.transaction_status is TransactionStatus.IDLE and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()
        self._slots.release()

    def _take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _connect(self) -> Connection:
        options, limit = self._options, f"{self._seconds * 1000:.0f}"
        try:
            connection = Connection.connect(
                **options.model_dump(include={"host", "port", "dbname", "user", "sslmode"}),
                password=options.password.get_secret_value() if options.password else None,
                connect_timeout=int(self._seconds),
                options=f"-c search_path={options.schema_} -c statement_timeout={limit}"
                f" -c idle_in_transaction_session_timeout={limit}",
                autocommit=True,
            )
        except psycopg.Error as error:
            problem = type(error)(str(error))  # without the attribute pgconn, which has the password
        else:
            connection.timeout = self._seconds + 1
            return connection
        raise problem

    def _prepare(self, connection: Connection) -> None:
        """Create the tables, if no other driver has."""
        if not connection.execute(_EXISTS).fetchone():
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(hashtext('entrepot'))")
                if not connection.execute(_EXISTS).fetchone():
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self._options.schema_}".encode())
                    connection.execute(files(__package__).joinpath("schema.sql").read_bytes())
        self._prepared = True

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()
