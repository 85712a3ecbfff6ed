"""A driver that stores objects in tables of a PostgreSQL database."""

import json
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from functools import partial
from itertools import islice
from uuid import UUID, uuid4

from entrepot_contract import StorageDriver, errors
from entrepot_contract.capabilities import Capabilities
from entrepot_contract.toolkit.listing import list_pages
from entrepot_contract.toolkit.parts import PartSender
from entrepot_contract.toolkit.reading import BodyReader
from entrepot_contract.toolkit.timeouts import health_within
from entrepot_contract.toolkit.tokens import TokenForm
from entrepot_contract.types import Chunks, Health, ObjectInfo, Prefix, UploadState, WriteMode
from entrepot_storage_postgres.database import SQL, Connection, Database, PostgresOptions, Row, failure

_CHUNK = 2**20  # as in schema.sql
_TOKEN = TokenForm(tuple[UUID, UUID | None])  # an upload, and the last of its parts


class PostgresDriver(StorageDriver):
    """Stores objects in a schema of a PostgreSQL database, in chunks of 1 MiB, for any number of hosts."""

    name, contract, Options = "postgres", (1, 1), PostgresOptions

    def __init__(self, options: PostgresOptions) -> None:
        self._database, self._keep_deleted = Database(options), options.keep_deleted
        self._sender = PartSender(min(4, options.connections), "postgres")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(create=True, shared=True, durable=True, move="rename", conditional_delete=True)

    def put(self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE, durable: bool = True) -> ObjectInfo:
        pieces = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
        values = {"key": key, "content": uuid4(), "size": len(data), "replace": mode is not WriteMode.CREATE}
        row = self._database.row("put", key, SQL["put"], {**values, "pieces": pieces}, durable=durable)
        if row is None:
            raise failure(errors.AlreadyExists, "put", key, "the object already exists")
        return _info(row)

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> BodyReader:
        info, content = self._find("read", key, SQL["find"], [key])
        if offset > info.size:
            raise failure(errors.RangeError, "read", key, f"offset {offset} is past the end at {info.size} bytes")
        end = info.size if length is None else min(offset + length, info.size)
        chunks = (self._chunk(key, content, start, min(start + _CHUNK, end)) for start in range(offset, end, _CHUNK))
        failed = partial(failure, errors.Unavailable, "read", key)
        return BodyReader(info, chunks, end - offset, driver=self.name, close=chunks.close, failed=failed)

    def stat(self, key: str) -> ObjectInfo:
        return self._find("stat", key, SQL["find"], [key])[0]

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        def page(after: str) -> list[ObjectInfo]:
            values = [after, 100 if shallow else 1000]  # of a folder, only the first object is needed
            with self._database.use("list_objects", prefix) as connection:
                return [_info(row) for row in connection.execute(SQL["list"], values)]

        return list_pages(page, prefix, start_after, shallow=shallow)

    def move(self, source: str, target: str) -> ObjectInfo:
        if source == target:
            raise failure(errors.InvalidKey, "move", source, "an object cannot be moved onto itself")
        return self._find("move", source, SQL["move"], [source, target])[0]

    def delete(self, keys: Iterable[str]) -> None:
        left = iter(keys)
        while page := list(islice(left, 1000)):
            with self._database.use("delete", page[0]) as connection:
                connection.execute(SQL["delete"], [page])
        self._clean()

    def delete_unchanged(self, info: ObjectInfo) -> bool:
        delete = b"DELETE FROM objects WHERE key = %s AND etag::text = %s RETURNING key"
        return self._database.row("delete_unchanged", info.key, delete, [info.key, info.etag]) is not None

    def upload_start(self, key: str) -> UploadState:
        start = b"INSERT INTO uploads (id) VALUES (%s) RETURNING id"
        self._database.row("upload_start", key, start, [upload := uuid4()], durable=False)
        return UploadState(key, 0, json.dumps([upload.hex, None]))

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        part, use = uuid4(), partial(self._database.use, "upload_append", state.key, durable=False)
        with use() as connection, connection.transaction():
            upload = _hold(connection, "upload_append", state)[0]
            connection.execute("INSERT INTO parts (id, content) VALUES (%s, %s)", [part, upload])

        def store(number: int, piece: bytearray) -> int:
            with use() as connection:
                connection.execute("INSERT INTO chunks VALUES (%s, %s, %b)", [part, number, piece])
            return len(piece)

        stored, rest = self._sender.send(data, _CHUNK, store)
        size = sum(stored) + (store(len(stored), rest) if rest else 0)
        with use() as connection, connection.transaction():
            _, number, end = _hold(connection, "upload_append", state)
            connection.execute(SQL["drop"], [upload, number, False])
            complete = "UPDATE parts SET number = %s, start = %s, size = %s WHERE id = %s"
            connection.execute(complete, [number + 1, end, size, part])
        return UploadState(state.key, end + size, json.dumps([upload.hex, part.hex]))

    def upload_commit(self, state: UploadState, *, target: str | None = None) -> ObjectInfo:
        key = state.key if target is None else target
        with self._database.use("upload_commit", state.key) as connection, connection.transaction():
            upload, number, end = _hold(connection, "upload_commit", state)
            connection.execute("DELETE FROM uploads WHERE id = %s", [upload])
            connection.execute(SQL["drop"], [upload, number, True])
            [row] = connection.execute(SQL["commit"], [key, upload, end])
        return _info(row)

    def upload_abort(self, state: UploadState) -> None:
        if token := _TOKEN.read(state):
            with self._database.use("upload_abort", state.key) as connection, connection.transaction():
                if connection.execute("DELETE FROM uploads WHERE id = %s", [token[0]]).rowcount:
                    connection.execute(SQL["drop"], [token[0], 0, True])
            self._clean()

    def sign_url(self, key: str, method: str, expires: timedelta) -> str:
        raise failure(errors.Unsupported, "sign_url", key, f"PostgreSQL has no {method} URLs")

    def health(self) -> Health:
        words = {"well": "the database answers", "late": "the database did not answer in time"}
        return health_within(1.5, self._database.check, name="postgres-health", **words)

    def close(self) -> None:
        self._sender.close()
        self._database.close()

    def _find(self, operation: str, key: str, statement: bytes, values: list[str]) -> tuple[ObjectInfo, UUID]:
        row = self._database.row(operation, key, statement, values)
        if row is None:
            raise failure(errors.NotFound, operation, key, "the object does not exist")
        return _info(row), row[4]

    def _chunk(self, key: str, content: UUID, start: int, end: int) -> bytes:
        row = self._database.row("read", key, SQL["read"], {"content": content, "start": start, "end": end})
        if not row or len(row[0] or b"") < end - start:
            raise failure(errors.Unavailable, "read", key, "the object was deleted too long ago; read it again")
        return bytes(row[0])

    def _clean(self) -> None:
        """Delete what is no longer needed, for a few seconds at most; the next call continues."""
        end, old = time.monotonic() + 5, [self._keep_deleted]
        with self._database.use("clean", durable=False) as connection:
            while connection.execute(SQL["clean_chunks"], old).rowcount and time.monotonic() < end:
                pass
            connection.execute(SQL["clean_parts"], old)


def _info(row: Row) -> ObjectInfo:
    key, size, modified, etag, *_ = row
    return ObjectInfo(key, size, modified.astimezone(UTC), str(etag))


def _hold(connection: Connection, operation: str, state: UploadState) -> tuple[UUID, int, int]:
    """Lock the state's upload; return its id, and the number and the end of the state's last part."""
    upload, part = _TOKEN.read(state) or (None, None)
    if not upload or not connection.execute("SELECT 1 FROM uploads WHERE id = %s FOR UPDATE", [upload]).fetchone():
        raise failure(errors.UploadUnknown, operation, state.key, "it was committed or aborted, or never existed")
    if part is None:
        return upload, 0, 0
    find = "SELECT content, number, start + size FROM parts WHERE content = %s AND id = %s AND number > 0"
    if row := connection.execute(find, [upload, part]).fetchone():
        return row
    raise failure(errors.UploadConflict, operation, state.key, "another append was made to an earlier state")
