"""Digests of what is destroyed (销毁摘要): rows go and are hashed in one statement, so that nothing is read out.

Each row is its own SHA-256 over the text of a `jsonb` object of its columns, whose form is canonical, with times in
UTC; the digest is HMAC-SHA-256 over the row hashes in the order of the keys. The key is the city's: a hash over few
rows with little in them, such as one telephone number, could otherwise be found by trying all of them.

All names of tables and columns, and `where`, come from the code and never from users; values go in `params`.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings
from django.db import connection

from shanzhi.base.retention.holdings import Destroyed

NOTHING = hashlib.sha256(b"").digest()
KEYS = ("area", "id")

_HASHED = (
    "count(*), sha256(coalesce("
    "string_agg(sha256(convert_to(doc::text, 'UTF8')), ''::bytea ORDER BY {keys}), ''::bytea))"
)
_DELETE = """
WITH gone AS (DELETE FROM {table} t WHERE {where} RETURNING {listed}, {doc} AS doc)
SELECT {hashed} FROM gone
"""
_BLANK = """
WITH old AS MATERIALIZED (SELECT {listed}, {doc} AS doc FROM {table} t WHERE {where} ORDER BY {keys} FOR UPDATE),
done AS (UPDATE {table} t SET {change} FROM old WHERE {same})
SELECT {hashed} FROM old
"""
_READ = (
    "WITH found AS (SELECT {listed}, {doc} AS doc FROM {table} t WHERE {where}) SELECT {hashed} FROM found"
)


def count(table: str, where: str, params: Sequence[object] = ()) -> int:
    """How many rows of a table there are; `where` calls the table `t`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {_name(table)} t WHERE {where}", list(params))
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def delete(
    table: str,
    where: str,
    params: Sequence[object] = (),
    *,
    columns: Sequence[str],
    keys: Sequence[str] = KEYS,
) -> Destroyed:
    """Delete rows (删除) and hash `keys` and `columns` of each, in the caller's transaction; `where` says `t`."""
    return _run(_DELETE, table, where, params, columns, keys, "")


def blank(
    table: str,
    where: str,
    params: Sequence[object] = (),
    *,
    to: Mapping[str, str],
    also: Sequence[str] = (),
    keys: Sequence[str] = KEYS,
) -> Destroyed:
    """Blank columns (抹除) and hash what they held: `to` gives each column the SQL that it becomes, such as `NULL`.

    `where` must leave out rows that are blank already, or they are counted again; `also` are columns that are hashed
    beside them and stay. Columns that a seal covers cannot be blanked: that breaks the proof.
    """
    change = ", ".join(f"{_name(column)} = {value}" for column, value in to.items())
    return _run(_BLANK, table, where, params, (*to, *also), keys, change)


def digest(
    table: str,
    where: str,
    params: Sequence[object] = (),
    *,
    columns: Sequence[str],
    keys: Sequence[str] = KEYS,
) -> Destroyed:
    """Hash rows and leave them there, as `delete` would."""
    return _run(_READ, table, where, params, columns, keys, "")


def of_lines(lines: Iterable[str]) -> Destroyed:
    """Of what is no row, such as files: one line each, in an order of its own."""
    worker, found = hashlib.sha256(), 0
    for line in lines:
        worker.update(hashlib.sha256(line.encode()).digest())
        found += 1
    return Destroyed(found, _sealed(worker.digest()))


def together(parts: Sequence[Destroyed]) -> Destroyed:
    """Several tables of one holding as one, in this order."""
    if len(parts) == 1:
        return parts[0]
    worker = hashlib.sha256()
    for part in parts:
        worker.update(bytes.fromhex(part.digest))
    return Destroyed(sum(part.rows for part in parts), _sealed(worker.digest()))


def _run(
    sql: str,
    table: str,
    where: str,
    params: Sequence[object],
    columns: Sequence[str],
    keys: Sequence[str],
    change: str,
) -> Destroyed:
    names = list(dict.fromkeys([*map(_name, keys), *map(_name, columns)]))
    doc = "jsonb_build_object(" + ", ".join(f"'{name}', t.{name}" for name in names) + ")"
    text = sql.format(
        table=_name(table), where=where, change=change, doc=doc,
        listed=", ".join(f"t.{key}" for key in keys), keys=", ".join(keys),
        hashed=_HASHED.format(keys=", ".join(keys)), same=" AND ".join(f"t.{key} = old.{key}" for key in keys),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', 'UTC', true)")
        cursor.execute(text, list(params))
        row = cursor.fetchone()
    rows, inner = row if row else (0, NOTHING)
    return Destroyed(int(rows), _sealed(bytes(inner)))


def _sealed(inner: bytes) -> str:
    key = hashlib.blake2b(settings.SHANZHI_SEAL_KEY.encode(), digest_size=32, person=b"shanzhi-destroy")
    return hmac.new(key.digest(), inner, hashlib.sha256).hexdigest()


def _name(name: str) -> str:
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise ValueError(f"not a name: {name!r}")
    return name
