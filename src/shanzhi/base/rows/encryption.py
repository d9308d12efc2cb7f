"""A field that is stored encrypted (SM4-GCM, GB/T 32907): readable only through the program's key."""

import hashlib
import os
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings
from django.db import models

_NONCE_BYTES = 12
_TAG_BYTES = 16


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=16, person=b"shanzhi-field").digest()


def encrypt(text: str) -> bytes:
    """Nonce, cipher text and tag of one value."""
    return encrypt_bytes(text.encode())


def encrypt_bytes(plain: bytes) -> bytes:
    """The same of bytes."""
    nonce = os.urandom(_NONCE_BYTES)
    worker = Cipher(algorithms.SM4(_key(settings.SHANZHI_FIELD_KEY)), modes.GCM(nonce)).encryptor()
    body = worker.update(plain) + worker.finalize()
    return nonce + body + worker.tag


def decrypt(stored: bytes) -> str:
    """The value again. Raises cryptography's InvalidTag when it was changed or the key is another."""
    return decrypt_bytes(stored).decode()


def decrypt_bytes(stored: bytes) -> bytes:
    """The same of bytes."""
    nonce, body, tag = stored[:_NONCE_BYTES], stored[_NONCE_BYTES:-_TAG_BYTES], stored[-_TAG_BYTES:]
    worker = Cipher(algorithms.SM4(_key(settings.SHANZHI_FIELD_KEY)), modes.GCM(nonce, tag)).decryptor()
    return worker.update(body) + worker.finalize()


class EncryptedField(models.BinaryField):
    """Text of a person, kept as cipher text; "" is kept as nothing."""

    def from_db_value(self, value: Any, *_: Any) -> str:
        """Bytes of the database to text."""
        return decrypt(bytes(value)) if value else ""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Text to bytes for the database."""
        raw = encrypt(value) if isinstance(value, str) and value else (value or None)
        return super().get_db_prep_value(raw, connection, prepared)
