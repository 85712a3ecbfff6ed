"""Properties of responses that scripts with grep rely on: header names, and JSON formatted as by Distribution."""

from __future__ import annotations

from pathlib import Path

from support.services.entrepot import entrepot
from support.services.registry import write_config
from support.wire import frame


def test_header_names_have_their_usual_case_and_json_is_compact_with_a_newline(folder: Path) -> None:
    registry = entrepot(write_config(folder / "config.yml", folder / "data"), folder, server="gunicorn")
    registry.start()
    try:
        index = b'{"schemaVersion":2,"manifests":[]}'
        assert registry.wire.request("PUT", "/v2/a/manifests/v1", index).status == 201

        def ask(method: str, target: str) -> tuple[set[str], bytes]:
            answer = registry.wire.exchange(frame(method, target, {"Host": "x"}, b"", chunked=False, declared=0))
            assert answer is not None
            return set(answer.headers), answer.body

        names, _ = ask("GET", "/v2/a/manifests/v1")
        assert names >= {"Docker-Content-Digest", "Docker-Distribution-Api-Version", "ETag", "Content-Type"}
        assert ask("POST", "/v2/a/blobs/uploads/")[0] >= {"Location", "Range", "Docker-Upload-UUID"}
        assert ask("GET", "/v2/_catalog")[1] == b'{"repositories":["a"]}\n'
        assert ask("GET", "/v2/a/tags/list")[1] == b'{"name":"a","tags":["v1"]}\n'
        assert ask("GET", "/v2/A/tags/list")[1].startswith(b'{"errors":[{"code":"NAME_INVALID","message":"')
        assert ask("GET", "/v2/A/tags/list")[1].endswith(b"}]}\n")
    finally:
        registry.stop()
