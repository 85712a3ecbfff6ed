"""States of uploads on their way to other processes and back."""

from __future__ import annotations

from entrepot_contract import UploadState

__all__ = ["state_of", "state_to"]


def state_to(state: UploadState) -> dict[str, object]:
    """A state as JSON."""
    return {"key": state.key, "size": state.size, "token": state.token}


def state_of(answer: object) -> UploadState:
    """A state from the answer of another process."""
    assert isinstance(answer, dict), answer
    assert set(answer) == {"key", "size", "token"}, answer
    return UploadState(**answer)
