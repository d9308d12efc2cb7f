"""A drill on a copy of the real structure (演练副本): places, doors and posts as they are, nobody's name or number.

What is copied goes row by row from the program's database into that of the drill; accounts are numbered, telephones
are one invented number. The program's own database is only read.
"""

from __future__ import annotations

from datetime import datetime

import psycopg
from django.db import connection
from psycopg import sql

from shanzhi.edge.cli.sentences import CommandError

# In the order of their references. What is not here is not of the structure.
TABLES = (
    "places_place",
    "places_placeversion",
    "places_placeclosure",
    "people_unit",
    "people_postkind",
    "people_account",
    "people_post",
    "compounds_compound",
    "compounds_building",
    "compounds_floor",
    "compounds_home",
    "compounds_membership",
    "catalogue_kind",
    "plans_plan",
    "plans_planversion",
)
# Columns that name somebody, or let somebody in, and what stands there instead.
INSTEAD = {
    "people_account": {
        "password": "'!'",
        "username": "'p' || row_number() OVER (ORDER BY id)",
        "display_name": "'演练' || row_number() OVER (ORDER BY id)",
    },
}
_PHONE = "19900000000"


def is_empty() -> bool:
    """Whether the drill's database holds no structure yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT 1 FROM places_place)")
        return bool(cursor.fetchone()[0])


def copy_structure(source_url: str, at: datetime) -> int:
    """Copy the structure from `source_url` into this database; how many rows. Raises CommandError."""
    from shanzhi.base.rows.encryption import encrypt

    rows = 0
    try:
        with psycopg.connect(source_url, connect_timeout=10) as source:
            source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            with connection.cursor() as cursor:
                for table in TABLES:
                    rows += _copy(source, cursor, table)
                cursor.execute(
                    "INSERT INTO people_contact (account_id, kind, address, set_at, set_by) "
                    "SELECT DISTINCT p.account_id, 'phone', %s::bytea, %s::timestamptz, '演练' FROM people_post p",
                    [encrypt(_PHONE), at],
                )
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise CommandError(
            f"不能复制现有区划和岗位：{reason}", f"The structure cannot be copied: {reason}"
        ) from error
    if not rows:
        raise CommandError("现有数据库中没有区划。", "The program's database holds no places.")
    return rows


def _copy(source: psycopg.Connection, cursor: object, table: str) -> int:
    names = [
        row[0]
        for row in source.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s "
            "AND is_generated = 'NEVER' AND (is_identity = 'NO' OR identity_generation = 'BY DEFAULT') "
            "ORDER BY ordinal_position",
            [table],
        )
    ]
    instead = INSTEAD.get(table, {})
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in names)
    values = sql.SQL(", ").join(
        sql.SQL(instead[name]) if name in instead else sql.Identifier(name) for name in names
    )
    read = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(values, sql.Identifier(table))
    write = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
    inner = cursor.cursor  # type: ignore[attr-defined]
    with source.cursor().copy(read) as out, inner.copy(write) as into:
        for piece in out:
            into.write(piece)
    return int(inner.rowcount)
