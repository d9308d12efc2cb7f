"""Hundreds of thousands of rows to and from the server as arrays, in its own form, every value of fixed width.

A row as Python objects costs 5 to 10 µs each way, and this a tenth of that. Ids are 16 bytes each (`S16`).
"""

from collections.abc import Sequence
from datetime import date
from threading import Thread
from typing import Any
from uuid import UUID, SafeUUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from shanzhi.base.rows.packing import COPY_HEAD, copied

Raw = NDArray[np.bytes_]
ID, INT, FLOAT, DAY, SMALL = "S16", ">i4", ">f8", ">i4", ">i2"
NO_ID = bytes(16)
_SEND = {ID: "uuid_send", INT: "int4send", FLOAT: "float8send"}
_ARRAY_HEAD = 20  # bytes before the values of an array: dimensions, flags, type, length, first index
_EPOCH = date(2000, 1, 1)


def row_of(kinds: Sequence[tuple[str, str]]) -> np.dtype[Any]:
    """How a row of these columns (name, numpy type) lies in the server's binary form."""
    fields: list[tuple[str, str]] = [("", ">i2")]
    for name, kind in kinds:
        fields += [(f"{name}#", ">i4"), (name, kind)]
    return np.dtype([(name or "#", kind) for name, kind in fields])


def read_wide(cursor: Any, sql: str, params: Any, kinds: Sequence[tuple[str, str]]) -> NDArray[Any]:
    """The rows of a query, whose columns have these names, as a structured array (n,).

    The server joins every column to one value: a row of its own costs the driver more than what is in it. Raises
    ValueError when a value is null: the query leaves none out (`coalesce`).
    """
    told = ", ".join(f"string_agg({_SEND[kind]}({name}), '')" for name, kind in kinds)
    with cursor.copy(
        f"COPY (SELECT int8send(count(*)), {told} FROM ({sql}) AS own) TO STDOUT (FORMAT BINARY)", params
    ) as copy:
        data = b"".join(copy)
    at, sent = len(COPY_HEAD) + 2, []
    for _ in range(1 + len(kinds)):
        size = max(int.from_bytes(data[at : at + 4], "big", signed=True), 0)  # -1 where there are no rows
        sent.append(memoryview(data)[at + 4 : at + 4 + size])
        at += 4 + size
    rows = np.empty(int.from_bytes(sent[0], "big"), [(name, kind.replace(">", "=")) for name, kind in kinds])
    for (name, kind), values in zip(kinds, sent[1:], strict=True):
        if len(values) != len(rows) * np.dtype(kind).itemsize:
            raise ValueError(f"{name} is null")
        rows[name] = np.frombuffer(values, kind)
    return rows


def array_values(name: str, kind: str, sent: bytes | memoryview) -> NDArray[Any]:
    """The values of an array as `array_send` gives it.

    Raises ValueError when one is null or of another width.
    """
    width = np.dtype(kind).itemsize
    if len(sent) <= _ARRAY_HEAD:
        return np.zeros(0, kind)
    if (len(sent) - _ARRAY_HEAD) % (4 + width):
        raise ValueError(f"{name} is null or not as wide as said")
    values = np.frombuffer(sent, [("size", ">i4"), ("value", kind)], offset=_ARRAY_HEAD)
    if not (values["size"] == width).all():
        raise ValueError(f"{name} is null or not as wide as said")
    return values["value"]


def packed(columns: dict[str, tuple[str, Any]], count: int) -> bytes:
    """Rows for `COPY … FROM STDIN (FORMAT BINARY)`: of a column its numpy type, and one value or one a row."""
    rows = np.empty(count, row_of([(name, kind) for name, (kind, _) in columns.items()]))
    rows["#"] = len(columns)
    for name, (kind, values) in columns.items():
        rows[f"{name}#"], rows[name] = np.dtype(kind).itemsize, values
    return copied([rows.tobytes()])


def day_number(on: date) -> int:
    """A day as the server counts it."""
    return (on - _EPOCH).days


def raw_ids(ids: Sequence[UUID]) -> Raw:
    """Ids as an array."""
    return np.frombuffer(b"".join([one.bytes for one in ids]), ID) if ids else np.zeros(0, ID)


def ids_of(raw: Raw) -> list[UUID]:
    """An array of ids as such."""
    data, made = raw.tobytes(), []
    for at in range(0, len(data), 16):
        one = UUID.__new__(UUID)  # the constructor checks what is known to be right, at thrice the cost
        object.__setattr__(one, "int", int.from_bytes(data[at : at + 16], "big"))
        object.__setattr__(one, "is_safe", SafeUUID.unknown)
        made.append(one)
    return made


def id_array(raw: Raw) -> str:
    """Ids as the text of an array, for a parameter with a cast (`%s::uuid[]`)."""
    each = np.frombuffer(raw.tobytes().hex().encode(), "S32")
    return "{" + b",".join(each.tolist()).decode() + "}"


class Copying:
    """Rows on their way to the server in a thread, while whoever sent them works on.

    Until `done` the connection is busy: whoever else asks it for something waits.
    """

    def __init__(self, table: str, columns: str, rows: bytes) -> None:
        self._failed: BaseException | None = None
        connection.ensure_connection()
        self._raw = connection.connection
        self._given = f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)", rows
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        sql, rows = self._given
        try:
            with self._raw.cursor() as cursor, cursor.copy(sql) as copy:
                copy.write(rows)
        except BaseException as error:
            self._failed = error

    def done(self) -> None:
        """Wait until all rows are there. Raises what the server says."""
        self._thread.join()
        if self._failed is not None:
            with connection.wrap_database_errors:
                raise self._failed


def copy_in(cursor: Any, table: str, columns: str, rows: bytes) -> None:
    """Send packed rows and wait."""
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(rows)
