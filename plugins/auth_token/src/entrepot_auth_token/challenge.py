"""The Bearer challenge (RFC 6750, 3; Distribution, "How to authenticate")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from entrepot_auth_token.options import TokenOptions
from entrepot_auth_token.scopes import format_scope
from entrepot_contract.auth import Access, Presented, Refusal
from entrepot_contract.tokens import TOKEN_PATH

__all__ = ["Challenges"]

_ERRORS: Final[dict[Refusal, str]] = {"invalid": "invalid_token", "insufficient": "insufficient_scope"}

# Characters that would end a quoted string or are invalid in a header. Repository names contain none of them.
_UNQUOTABLE: Final = re.compile(r'[^ -~]|["\\]')


class Challenges:
    """Builds challenges exactly as Distribution does."""

    def __init__(self, options: TokenOptions) -> None:
        self._options = options

    def word(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str:
        """Return the value of ``WWW-Authenticate``, without ``scope`` if ``wanted`` is empty."""
        parameters = [("realm", self._realm(presented)), ("service", self._options.service)]
        if wanted:
            parameters.append(("scope", format_scope(wanted)))
        if refusal is not None:
            parameters.append(("error", _ERRORS[refusal]))
        return "Bearer " + ",".join(f'{name}="{_UNQUOTABLE.sub("", value)}"' for name, value in parameters)

    def _realm(self, presented: Presented) -> str:
        options = self._options
        if options.autoredirect:
            scheme, _, rest = presented.base_url.partition("://")
            return f"{scheme}://{rest.partition('/')[0]}{options.autoredirectpath}"
        return options.realm or presented.base_url + TOKEN_PATH
