"""Cursor paging (游标分页): the sort key of the last row, as text that a client hands back unread."""

import json
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shanzhi.core.kit.errors import InvalidInput

CursorPart = str | int | float | None | UUID | datetime
MAX_LENGTH = 2000
_FORM = re.compile(r"[A-Za-z0-9_-]+")


def encode_cursor(parts: tuple[CursorPart, ...]) -> str:
    """Put a sort key into URL-safe text (base64 of JSON, no padding).

    Instants come back in UTC. Raises TypeError for other types, ValueError for an instant without a time
    zone, a number that is not finite, or a cursor of more than `MAX_LENGTH` characters.
    """
    text = json.dumps([_out(part) for part in parts], separators=(",", ":"), allow_nan=False)
    cursor = urlsafe_b64encode(text.encode()).decode().rstrip("=")
    if len(cursor) > MAX_LENGTH:
        raise ValueError("the sort key is too long for a cursor")
    return cursor


def decode_cursor(cursor: str) -> tuple[Any, ...]:
    """The sort key inside a cursor; types are those that went in, which the caller still has to check.

    Raises InvalidInput (field `cursor`) for anything that `encode_cursor` cannot have made.
    """
    try:
        if len(cursor) > MAX_LENGTH or not _FORM.fullmatch(cursor):
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = json.loads(urlsafe_b64decode(padded), parse_constant=_refuse)
        if not isinstance(parts, list):
            raise ValueError
        return tuple(_in(part) for part in parts)
    except (ValueError, RecursionError, OverflowError):  # binascii.Error is a ValueError
        raise InvalidInput(
            field="cursor", reason_zh="游标无效，请从第一页重新开始。",
            reason_en="The cursor is not valid: start again from the first page.",
        ) from None  # fmt: skip


def _out(part: CursorPart) -> Any:
    if isinstance(part, UUID):
        return {"u": part.hex}
    if isinstance(part, datetime):
        if part.utcoffset() is None:
            raise ValueError("a cursor needs instants with a time zone")
        return {"t": part.astimezone(UTC).isoformat()}
    if part is None or isinstance(part, str | int | float):
        return part
    raise TypeError("a cursor holds text, numbers, None, UUIDs and aware instants")


def _in(part: Any) -> CursorPart:
    if isinstance(part, dict):
        match part:
            case {"u": str(text)} if len(part) == 1 and len(text) == 32:
                return UUID(hex=text)
            case {"t": str(text)} if len(part) == 1:
                at = datetime.fromisoformat(text)
                if at.utcoffset() is None:
                    raise ValueError
                return at.astimezone(UTC)
        raise ValueError
    if isinstance(part, float) and not math.isfinite(part):
        raise ValueError
    if part is None or isinstance(part, str | int | float):
        return part
    raise ValueError


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
