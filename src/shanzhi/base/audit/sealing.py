"""How rows are sealed: leaves, Merkle root, chain. The same code seals and verifies.

Method: binary Merkle tree with SHA-256 (leaf and node hashes kept apart, as in RFC 6962); the chain is HMAC-SM3
(GB/T 32905). A row is read as `jsonb`, whose text form is canonical, with times in UTC.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, hmac
from django.conf import settings
from django.db import connection

START = bytes(32)

# Histories that are sealed: table -> columns. Modules add theirs when they load.
SEALED: dict[str, tuple[str, ...]] = {}


def register_sealed(table: str, columns: Sequence[str]) -> None:
    """Have a table sealed. It needs the column that `sealed_position` adds; the columns must be all that counts."""
    SEALED[table] = tuple(sorted(columns))


@dataclass(frozen=True)
class Leaf:
    """One row as sealed."""

    position: int
    hash: bytes


def leaf_hash(text: str) -> bytes:
    """The hash of one row."""
    return hashlib.sha256(b"\x00" + text.encode()).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes; an odd one moves up unchanged. `leaves` is not empty."""
    level = list(leaves)
    while len(level) > 1:
        paired = [
            hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        level = paired + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def seal_value(
    number: int, table: str, columns: Sequence[str], positions: Sequence[int], root: bytes, previous: bytes
) -> bytes:
    """The link of the chain: HMAC-SM3 over everything that the seal says and the link before it."""
    worker = hmac.HMAC(settings.SHANZHI_SEAL_KEY.encode(), hashes.SM3())
    said = f"{number}|{table}|{','.join(columns)}|{','.join(map(str, positions))}|"
    worker.update(said.encode() + root + previous)
    return worker.finalize()


def row_sql(table: str, columns: Sequence[str]) -> str:
    """SELECT of position and canonical text of rows; names come from the code and the seals, never from users."""
    for name in (table, *columns):
        if not name.replace("_", "").isalnum() or not name.isascii():
            raise ValueError(f"not a name: {name!r}")
    listed = ", ".join(f"'{name}', t.{name}" for name in columns)
    return f"SELECT t.position, jsonb_build_object({listed})::text FROM {table} t"


def read_leaves(sql: str, params: Sequence[object]) -> list[Leaf]:
    """Rows of `row_sql` as leaves, times in UTC whatever the session says."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        cursor.execute(sql, params)
        return [Leaf(position, leaf_hash(text)) for position, text in cursor.fetchall()]
