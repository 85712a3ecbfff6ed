"""The access log: requests only queue a line, and a thread writes batches."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from entrepot.logs.fields import json_fields, json_value, text_fields, text_value
from entrepot.logs.output import write_lines

__all__ = ["AccessLog"]

_Entry = tuple[float, str, str, int, int, float, str, str, str, str]
_BATCH_SECONDS: Final = 0.05
_MAX_PATH: Final = 512
_MAX_AGENT: Final = 128
_MAX_USER: Final = 128


class AccessLog:
    """One line per request, on a file descriptor that may be shared by several processes.

    ``write`` only queues; a thread, started by the first request, formats and writes. If it cannot keep up, lines
    beyond ``limit`` are dropped, and their number is logged.
    """

    def __init__(
        self, *, as_json: bool, fields: Mapping[str, str] | None = None, descriptor: int = 1, limit: int = 50_000
    ) -> None:
        self._line = _json_line if as_json else _text_line
        self._fields = (json_fields if as_json else text_fields)(fields or {})
        self._as_json = as_json
        self._descriptor = descriptor
        self._limit = limit
        self._queue = deque[_Entry]()
        self._work = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._dropped = 0

    def write(
        self,
        method: str,
        path: str,
        status: int,
        bytes_sent: int,
        seconds: float,
        remote: str,
        user: str,
        user_agent: str,
        request_id: str,
    ) -> None:
        """Queue the line of one request; ``seconds`` is its duration, and ``user`` is empty for an anonymous client."""
        queue = self._queue
        if len(queue) >= self._limit:
            self._dropped += 1
            return
        queue.append((time.time(), method, path, status, bytes_sent, seconds, remote, user, user_agent, request_id))
        if not self._work.is_set():
            self._wake()

    def close(self) -> None:
        """Write queued lines, and end the thread. Idempotent."""
        with self._start:
            self._closed = True
        self._work.set()
        if self._thread is not None:
            self._thread.join()
        self._flush()
        atexit.unregister(self.close)

    def _wake(self) -> None:
        self._work.set()
        if self._thread is None:
            with self._start:
                self._start_thread()

    def _start_thread(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
            self._thread.start()
            atexit.register(self.close)

    def _run(self) -> None:
        while not self._closed:
            self._work.wait()
            time.sleep(_BATCH_SECONDS)
            # Cleared before the queue is emptied: a request that arrives in between sets it again.
            self._work.clear()
            self._flush()

    def _flush(self) -> None:
        queue, line, fields = self._queue, self._line, self._fields
        second, stamp = -1, ""
        while queue:
            lines = []
            for _ in range(min(len(queue), 1000)):
                entry = queue.popleft()
                now = int(entry[0])
                if now != second:
                    second, stamp = now, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
                try:
                    lines.append(line(entry, stamp, fields))
                except Exception:  # noqa: BLE001 - a plugin's user name must not cause the loss of other lines
                    self._dropped += 1
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                lines.append(self._dropped_line(dropped, stamp))
            if not write_lines(self._descriptor, lines):
                self._dropped += len(lines)
                return

    def _dropped_line(self, dropped: int, stamp: str) -> str:
        message = f"{dropped} requests were not logged: lines could not be written, or not fast enough"
        if self._as_json:
            return f'{{"time":"{stamp}Z","level":"warn","msg":"{message}"{self._fields}}}\n'
        return f'time={stamp}Z level=warn msg="{message}"{self._fields}\n'


def _cut(method: str, remote: str, user: str, agent: str) -> tuple[str, str, str, str]:
    # Truncated before caching: a client may send tens of kilobytes.
    return method[:32], remote[:64], user[:_MAX_USER], agent[:_MAX_AGENT]


@lru_cache(maxsize=4096)
def _text_client(method: str, remote: str, user: str, agent: str) -> tuple[str, str, str, str]:
    return text_value(method), text_value(remote), text_value(user), text_value(agent)


@lru_cache(maxsize=4096)
def _json_client(method: str, remote: str, user: str, agent: str) -> tuple[str, str, str, str]:
    return json_value(method), json_value(remote), json_value(user), json_value(agent)


def _text_line(entry: _Entry, stamp: str, fields: str) -> str:
    moment, method, path, status, size, seconds, remote, user, agent, request_id = entry
    method, remote, user, agent = _text_client(*_cut(method, remote, user, agent))
    return (
        f"time={stamp}.{int(moment % 1 * 1000):03}Z level=info msg=request method={method} "
        f"path={text_value(path[:_MAX_PATH])} status={status} bytes={size} ms={seconds * 1000:.2f} "
        f"remote={remote} user={user} agent={agent} id={text_value(request_id[:64])}{fields}\n"
    )


def _json_line(entry: _Entry, stamp: str, fields: str) -> str:
    moment, method, path, status, size, seconds, remote, user, agent, request_id = entry
    method, remote, user, agent = _json_client(*_cut(method, remote, user, agent))
    return (
        f'{{"time":"{stamp}.{int(moment % 1 * 1000):03}Z","level":"info","msg":"request",'
        f'"method":{method},"path":{json_value(path[:_MAX_PATH])},"status":{status},"bytes":{size},'
        f'"ms":{seconds * 1000:.2f},"remote":{remote},"user":{user},"agent":{agent},'
        f'"id":{json_value(request_id[:64])}{fields}}}\n'
    )
