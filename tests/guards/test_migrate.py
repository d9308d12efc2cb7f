"""Our `migrate` makes the schema that Django's makes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from shanzhi.edge.cli.connections import conninfo
from shanzhi.edge.management.commands import migrate

NAME = "test_shanzhi_migrate"
_SCHEMA = """
SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
  pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT conrelid::regclass::text, 'constraint', conname, pg_get_constraintdef(oid), condeferrable, '', NULL
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT tablename, 'index', indexname, indexdef, false, '', NULL FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT tgrelid::regclass::text, 'trigger', tgname, pg_get_triggerdef(oid), false, '', NULL
FROM pg_trigger WHERE NOT tgisinternal
"""


def made(monkeypatch: pytest.MonkeyPatch) -> set[tuple[Any, ...]]:
    with psycopg.connect(
        conninfo(connection.settings_dict | {"NAME": "postgres"}), autocommit=True
    ) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", NAME)
        connection.close()
        try:
            call_command("migrate", verbosity=0, interactive=False)
            with connection.cursor() as cursor:
                cursor.execute(_SCHEMA)
                found = set(cursor.fetchall())
        finally:
            connection.close()
    with psycopg.connect(
        conninfo(connection.settings_dict | {"NAME": "postgres"}), autocommit=True
    ) as server:
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
    return found


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_the_schema_is_what_django_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = made(monkeypatch)

    @contextmanager
    def as_ever() -> Any:
        yield

    monkeypatch.setattr(migrate, "neighbours_only", as_ever)
    assert ours == made(monkeypatch)
    assert len(ours) > 2000
