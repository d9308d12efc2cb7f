"""Columns in the server's own binary form (二进制数组): what a hot door sends, without a text for every value.

A list of a thousand values costs a text dumper a thousand calls; packed it is a join. Where a cursor writes its
parameters into the text of the statement, the same columns are written as literals.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

SERVER_EPOCH = 946_684_800_000_000  # microseconds from 1970 to 2000, from where the server counts
NULL = b"\xff\xff\xff\xff"
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_HEAD = struct.Struct(">iiIii").pack
_INT = struct.Struct(">ii").pack
_LONG = struct.Struct(">iq").pack
_LENGTH = struct.Struct(">i").pack


class Packed:
    """A column of values for `unnest`; `oid` is that of the element, the subclass knows the array's."""

    oid = 0
    __slots__ = ("values",)

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values

    def body(self) -> tuple[bool, bytes]:
        """Whether there is a null, and every value with its length before it."""
        raise NotImplementedError

    def text(self, value: Any) -> str:
        """A value as text."""
        raise NotImplementedError


def _each(values: Sequence[Any], pack: Callable[[Any], bytes]) -> bytes:
    """Every value packed; those that occur again are packed once, as most columns of a batch repeat a few."""
    made = {value: pack(value) for value in set(values)}
    return b"".join([made[value] for value in values])


class Uuids(Packed):
    """UUIDs, each as 16 bytes."""

    oid = 2950

    def body(self) -> tuple[bool, bytes]:
        """Sixteen bytes each."""
        length = b"\0\0\0\x10"
        return False, length + length.join(self.values) if self.values else b""

    def text(self, value: bytes) -> str:
        """Hex."""
        return UUID(bytes=value).hex


class Ints(Packed):
    """Whole numbers of 32 bits."""

    oid = 23

    def body(self) -> tuple[bool, bytes]:
        """Four bytes each."""
        return False, _each(self.values, lambda value: _INT(4, value))

    def text(self, value: int) -> str:
        """Digits."""
        return str(value)


class Texts(Packed):
    """Texts."""

    oid = 25

    def body(self) -> tuple[bool, bytes]:
        """UTF-8."""
        return False, _each(self.values, lambda value: _counted(value.encode()))

    def text(self, value: str) -> str:
        """Quoted."""
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'


class Blobs(Packed):
    """Bytes."""

    oid = 17

    def body(self) -> tuple[bool, bytes]:
        """As they are."""
        return False, b"".join([_counted(value) for value in self.values])

    def text(self, value: bytes) -> str:
        """Hex, as the server reads it."""
        return f'"\\\\x{value.hex()}"'


def _counted(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


def instant(value: datetime) -> int:
    """Microseconds since 1970; a float holds them until the year 2255."""
    return round(value.timestamp() * 1e6)


def packed_instant(value: int) -> bytes:
    """An instant, in microseconds since 1970, as a value of a row."""
    return _LONG(8, value - SERVER_EPOCH)


def copied(rows: Sequence[bytes]) -> bytes:
    """Rows, each with the number of its values before it, as COPY … (FORMAT BINARY) takes them."""
    return COPY_HEAD + b"".join(rows) + b"\xff\xff"


def _literal(obj: Packed) -> bytes:
    return ("{" + ",".join([obj.text(value) for value in obj.values]) + "}").encode()


class _Binary(Dumper):
    format = Format.BINARY

    def dump(self, obj: Packed) -> bytes:  # type: ignore[override]
        if not obj.values:
            return _HEAD(0, 0, obj.oid, 0, 1)[:12]
        has_null, body = obj.body()
        return _HEAD(1, int(has_null), obj.oid, len(obj.values), 1) + body


class _Text(Dumper):
    format = Format.TEXT

    def dump(self, obj: Packed) -> bytes:  # type: ignore[override]
        return _literal(obj)


def _register(kind: type[Packed], array_oid: int) -> None:
    # The last one is used wherever a statement leaves the choice.
    for base in (_Text, _Binary):
        made: Any = type(f"{kind.__name__}{base.__name__}", (base,), {"oid": array_oid})
        psycopg.adapters.register_dumper(kind, made)


for _kind, _array in ((Uuids, 2951), (Ints, 1007), (Texts, 1009), (Blobs, 1001)):
    _register(_kind, _array)
