"""Addresses compared without being stored in the clear."""

import hashlib
import re
from functools import lru_cache

from django.conf import settings

_CHINESE_MOBILE = re.compile(r"(?:\+?86|0086)?(1\d{10})")


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=32, person=b"shanzhi-address").digest()


def normal(address: str) -> str:
    """One form of an address: no blanks or hyphens in numbers, no +86 before a mobile number, lower case."""
    plain = address.strip().lower()
    digits = re.sub(r"[\s()-]", "", plain)
    found = _CHINESE_MOBILE.fullmatch(digits)
    return found.group(1) if found else plain


def digest(address: str) -> str:
    """A keyed hash of the address, 32 hexadecimal digits: equal addresses are equal, nothing else is told.

    Keyed with SHANZHI_FIELD_KEY, since the few possible telephone numbers could be tried one by one.
    """
    key = _key(settings.SHANZHI_FIELD_KEY)
    return hashlib.blake2b(normal(address).encode(), digest_size=16, key=key).hexdigest()
