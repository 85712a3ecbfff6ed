"""The options, with the names used by Docker Distribution."""

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
        description="The kind of credentials: an application's secret, the account's key, or DefaultAzureCredential."
    )
    clientid: str = Field(default="", description="The application (client) id, for client_secret.")
    tenantid: str = Field(default="", description="The tenant id, for client_secret.")
    secret: SecretStr = Field(default=SecretStr(""), description="The application's secret, for client_secret.")


class AzureOptions(DriverOptions):
    """``storage.azure`` of the configuration."""

    container: str = Field(pattern=r"^(\$root|[a-z0-9](-?[a-z0-9])+)$", description="The container, which must exist.")
    accountname: str = Field(default="", description="The storage account.")
    accountkey: SecretStr = Field(default=SecretStr(""), description="One of the account's two keys.")
    connectionstring: SecretStr = Field(
        default=SecretStr(""),
        description="Replaces accountname, accountkey and serviceurl; may contain a SAS instead of a key.",
    )
    credentials: AzureCredentials | None = Field(
        default=None, description="Default: the account's key if set, otherwise DefaultAzureCredential."
    )
    realm: str = Field(default="core.windows.net", description="The domain of the Azure service, for sovereign clouds.")
    serviceurl: str = Field(
        default="", pattern=r"^(https?://.+)?$", description="Default: https://ACCOUNTNAME.blob.REALM."
    )
    rootdirectory: str = Field(default="", description="Prefix of the names of all blobs, followed by a slash.")
    max_retries: int = Field(default=1, ge=-1, le=10, description="Maximum number of retries of a failed request.")
    retry_delay: str = Field(
        default="100ms",
        pattern=r"^\d+(\.\d+)?(ms|s|m)$",
        description="Delay before the first retry; increases by this much.",
    )
    skipverify: bool = Field(default=False, description="Accept any TLS certificate.")
    connecttimeout: float = Field(default=5, gt=0, description="Timeout for connecting, in seconds.")
    readtimeout: float = Field(default=30, gt=0, description="Timeout for receiving further data, in seconds.")

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
            raise ValueError("is not valid base64; copy the complete key from the account's access keys") from None
        return key

    @field_validator("connectionstring")
    @classmethod
    def _holds_a_credential(cls, text: SecretStr) -> SecretStr:
        held = fields_of(text).keys()
        if text.get_secret_value() and not ({"AccountName", "AccountKey"} <= held or "SharedAccessSignature" in held):
            raise ValueError(
                "contains neither AccountName and AccountKey nor SharedAccessSignature; copy it completely"
            )
        return text

    @model_validator(mode="after")
    def _says_who_it_is(self) -> Self:
        if self.connectionstring.get_secret_value():
            if self.accountkey.get_secret_value() or self.credentials is not None:
                raise ValueError(
                    "connectionstring cannot be combined with accountkey or credentials: set only one of them"
                )
            return self
        if not self.accountname:
            raise ValueError("accountname is required without connectionstring")
        if self.credentials is None:
            return self
        if self.credentials.type == "shared_key" and not self.accountkey.get_secret_value():
            raise ValueError("credentials of type shared_key require accountkey")
        if self.credentials.type == "client_secret":
            given = (self.credentials.clientid, self.credentials.tenantid, self.credentials.secret.get_secret_value())
            if not all(given):
                raise ValueError("credentials of type client_secret require clientid, tenantid and secret")
        return self


def fields_of(connection: SecretStr) -> dict[str, str]:
    """Return the fields of a connection string."""
    parts = (part.partition("=") for part in connection.get_secret_value().split(";"))
    return {name.strip(): value for name, _, value in parts if value}
