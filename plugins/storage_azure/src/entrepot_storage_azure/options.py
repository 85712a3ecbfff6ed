"""The options, by the names that Docker Distribution gives them."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from entrepot_contract import DriverOptions

__all__ = ["AzureCredentials", "AzureOptions"]

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}


class AzureCredentials(DriverOptions):
    """``storage.azure.credentials`` of the configuration."""

    type: Literal["client_secret", "shared_key", "default_credentials"] = Field(
        description="How the driver says who it is: an application's secret, the account's key, or what Azure finds."
    )
    clientid: str = Field(default="", description="The application's id, for client_secret.")
    tenantid: str = Field(default="", description="The tenant's id, for client_secret.")
    secret: SecretStr = Field(default=SecretStr(""), description="The application's secret, for client_secret.")


class AzureOptions(DriverOptions):
    """``storage.azure`` of the configuration."""

    container: str = Field(pattern=r"^(\$root|[a-z0-9](-?[a-z0-9])+)$", description="The container; it has to exist.")
    accountname: str = Field(default="", description="The storage account.")
    accountkey: SecretStr = Field(default=SecretStr(""), description="One of the account's two keys.")
    connectionstring: SecretStr = Field(
        default=SecretStr(""), description="Instead of accountname, a key and serviceurl; may hold a SAS for the key."
    )
    credentials: AzureCredentials | None = Field(
        default=None, description="By default the account's key where there is one, and else what Azure finds."
    )
    realm: str = Field(
        default="core.windows.net", description="The domain of Azure's service, as of a sovereign cloud."
    )
    serviceurl: str = Field(
        default="", pattern=r"^(https?://.+)?$", description="By default https://ACCOUNTNAME.blob.REALM."
    )
    rootdirectory: str = Field(default="", description="What the names of all blobs begin with, before a slash.")
    max_retries: int = Field(default=1, ge=-1, le=10, description="How often a request that failed is sent again.")
    retry_delay: str = Field(
        default="100ms", pattern=r"^\d+(\.\d+)?(ms|s|m)$", description="Before the first repetition; grows by as much."
    )
    skipverify: bool = Field(default=False, description="Take any certificate of the server's.")
    connecttimeout: float = Field(default=5, gt=0, description="Seconds to wait for a connection.")
    readtimeout: float = Field(default=30, gt=0, description="Seconds to wait for the next bytes of an answer.")

    @property
    def seconds_between_retries(self) -> float:
        """``retry_delay`` in seconds."""
        number, unit = re.split(r"(?=[a-z])", self.retry_delay, maxsplit=1)
        return float(number) * _SECONDS[unit]

    @field_validator("accountkey")
    @classmethod
    def _key_is_base64(cls, key: SecretStr) -> SecretStr:
        try:
            base64.b64decode(key.get_secret_value(), validate=True)
        except binascii.Error:
            raise ValueError("is no base64; copy the whole key from the account's access keys") from None
        return key

    @field_validator("connectionstring")
    @classmethod
    def _holds_a_credential(cls, text: SecretStr) -> SecretStr:
        held = fields_of(text).keys()
        if text.get_secret_value() and not ({"AccountName", "AccountKey"} <= held or "SharedAccessSignature" in held):
            raise ValueError("holds neither AccountName and AccountKey nor SharedAccessSignature; copy it whole")
        return text

    @model_validator(mode="after")
    def _says_who_it_is(self) -> Self:
        if self.connectionstring.get_secret_value():
            if self.accountkey.get_secret_value() or self.credentials is not None:
                raise ValueError("connectionstring leaves no room for accountkey or credentials: give one of them")
            return self
        if not self.accountname:
            raise ValueError("accountname is required where there is no connectionstring")
        if self.credentials is None:
            return self
        if self.credentials.type == "shared_key" and not self.accountkey.get_secret_value():
            raise ValueError("credentials of type shared_key need accountkey")
        if self.credentials.type == "client_secret":
            given = (self.credentials.clientid, self.credentials.tenantid, self.credentials.secret.get_secret_value())
            if not all(given):
                raise ValueError("credentials of type client_secret need clientid, tenantid and secret")
        return self


def fields_of(connection: SecretStr) -> dict[str, str]:
    """The fields of a connection string."""
    parts = (part.partition("=") for part in connection.get_secret_value().split(";"))
    return {name.strip(): value for name, _, value in parts if value}
