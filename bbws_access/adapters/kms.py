"""Sealing with a KMS key: no secret of ours to keep, rotate or lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bbws_access.aws_errors import translated
from bbws_access.errors import InvalidInput

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsSealer:
    """Encrypts small pieces directly; the binding is KMS's encryption context."""

    def __init__(self, client: KMSClient, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def seal(self, plain: bytes, binding: str) -> bytes:
        with translated("the cursor key"):
            return self._client.encrypt(KeyId=self._key_id, Plaintext=plain, EncryptionContext=_context(binding))[
                "CiphertextBlob"
            ]

    def open(self, sealed: bytes, binding: str) -> bytes:
        with translated("the cursor key"):
            try:
                return self._client.decrypt(
                    KeyId=self._key_id, CiphertextBlob=sealed, EncryptionContext=_context(binding)
                )["Plaintext"]
            except (
                self._client.exceptions.InvalidCiphertextException,
                self._client.exceptions.IncorrectKeyException,
                self._client.exceptions.NotFoundException,
            ) as error:
                raise InvalidInput("this was not sealed here") from error


def _context(binding: str) -> dict[str, str]:
    return {"list": binding}
