"""Conversion of upload states for child processes."""

from __future__ import annotations

from entrepot_contract import UploadState

__all__ = ["state_of", "state_to"]


def state_to(state: UploadState) -> dict[str, object]:
    """Return a state as a JSON object."""
    return {"key": state.key, "size": state.size, "token": state.token}


def state_of(answer: object) -> UploadState:
    """Return the state in the result of another process."""
    assert isinstance(answer, dict), answer
    assert set(answer) == {"key", "size", "token"}, f"another process did not return a state but {answer!r}"
    return UploadState(**answer)
