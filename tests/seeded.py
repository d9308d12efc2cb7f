"""The demo city kept beside the tests' tables: seeded once for a run, copied back in one statement a table.

Seeding takes a second, copying a few hundredths of one; several hundred tests begin with it.
"""

from __future__ import annotations

import graphlib
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.test import override_settings

SCHEMA = "seeded"
QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Jobs are left out: emptying tables after a test with real commits does not know them.
JOBS = "procrastinate_"
# Ordinary and partitioned tables.
_TABLES = """
SELECT c.relname, array_agg(quote_ident(a.attname) ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE n.nspname = 'public' AND NOT starts_with(c.relname, %s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
GROUP BY c.relname ORDER BY 1
"""
_SEQUENCES = """
SELECT sequencename, last_value FROM pg_sequences
WHERE schemaname = 'public' AND last_value > 0 AND NOT starts_with(sequencename, %s)
"""

# The server's own cleaning finds tables empty between two tests and plans the queries of the next for empty tables.
_LEFT_ALONE = """
SELECT format('ALTER TABLE %%s SET (autovacuum_enabled = off)', c.oid::regclass) FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT starts_with(c.relname, %s)
"""

_REFERENCES = """
SELECT DISTINCT r.relname, o.relname FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid
JOIN pg_class o ON o.oid = k.confrelid WHERE k.contype = 'f' AND NOT k.condeferrable AND r.oid <> o.oid
"""


@dataclass(frozen=True)
class Seeded:
    """What brings the city back: `statements` run in this order, as of `at`."""

    at: datetime
    statements: str

    def bring(self, at: datetime) -> None:
        """Put the city into the tables; as of another instant it is seeded anew."""
        if at != self.at:
            from shanzhi.edge.cli import demo

            demo.seed(at=at, samples=False)
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(self.statements)


def _seed_and_read(at: datetime) -> tuple[dict[str, tuple[str, bytes]], dict[str, int]]:
    """Seed, read what seeding wrote, and undo it: table -> (columns, rows); sequence -> where it stands."""
    from shanzhi.edge.cli import demo

    rows: dict[str, tuple[str, bytes]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TABLES, [JOBS])
        tables = {name: ", ".join(columns) for name, columns in cursor.fetchall()}
        before = {name: _all(cursor, name, columns) for name, columns in tables.items()}
        demo.seed(at=at, samples=False)
        for name, columns in tables.items():
            found = _all(cursor, name, columns)
            if found == before[name]:
                continue
            if before[name]:
                raise RuntimeError(f"{name} is not empty before the city is seeded")
            rows[name] = columns, found
        cursor.execute(_SEQUENCES, [JOBS])
        sequences = dict(cursor.fetchall())
        transaction.set_rollback(True)
    return rows, sequences


def _all(cursor: object, name: str, columns: str) -> bytes:
    with cursor.copy(f'COPY (SELECT {columns} FROM "{name}") TO STDOUT') as copy:  # type: ignore[attr-defined]
        return b"".join(bytes(part) for part in copy)


def keep(at: datetime) -> Seeded:
    """Seed the city once, and keep it in a schema of its own."""
    with override_settings(PASSWORD_HASHERS=QUICK_HASHERS):
        rows, sequences = _seed_and_read(at)
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        cursor.execute(_LEFT_ALONE, [JOBS])
        cursor.execute("; ".join(one for (one,) in cursor.fetchall()))
        cursor.execute(_REFERENCES)
        needs: dict[str, set[str]] = {name: set() for name in rows}
        for name, other in cursor.fetchall():
            if name in rows and other in rows:
                needs[name].add(other)
        for name in graphlib.TopologicalSorter(needs).static_order():
            columns, content = rows[name]
            cursor.execute(
                f'CREATE UNLOGGED TABLE {SCHEMA}."{name}" AS SELECT {columns} FROM "{name}" LIMIT 0'
            )
            with cursor.copy(f'COPY {SCHEMA}."{name}" ({columns}) FROM STDIN') as copy:
                copy.write(content)
            found.append(
                f'INSERT INTO "{name}" ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {SCHEMA}."{name}"'
            )
    found += [f"SELECT setval('\"{name}\"', {value})" for name, value in sequences.items()]
    return Seeded(at, "; ".join(found))
