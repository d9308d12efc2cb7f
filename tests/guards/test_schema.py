"""The schema stays distributable by `area`, codes stay in byte order, history stays append-only."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import DatabaseError

from shanzhi.base.rows import CodeField, GrowingRow

pytestmark = pytest.mark.django_db

APPEND_ONLY = {
    "audit_auditentry", "cases_caseevent", "compounds_compoundchoice", "contacts_read", "drills_drillevent",
    "forms_formversion", "gridding_proposaledit", "isolation_isolationevent", "messaging_attempt",
    "modes_activationevent",
    "partners_partnerevent", "places_placechange", "plans_objectionevent", "plans_planevent", "reporting_dutyentry",
    "reporting_reportevent", "retention_retentionevent", "rosters_turnevent", "sampling_act",
    "sampling_campaignevent", "sampling_tuberesult", "stock_entry", "stock_requestevent", "surge_surgeevent",
    "sweeps_sweepevent", "sweeps_visit",
}  # fmt: skip


def _ask(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _growing() -> set[str]:
    return {
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, GrowingRow) and model.__module__.startswith("shanzhi.")
    }


def test_growing_tables_are_known() -> None:
    assert _growing() >= {
        "cases_case", "cases_caseevent", "cases_casephoto", "cases_rating", "clocks_clock",
    }  # fmt: skip


def test_every_growing_row_has_its_area() -> None:
    for table in _growing():
        rows = _ask(
            "SELECT is_nullable, collation_name, character_maximum_length FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = %s AND column_name = 'area'",
            table,
        )
        assert rows == [("NO", "C", 6)], table


def test_every_unique_key_of_a_growing_table_holds_the_area() -> None:
    rows = _ask(
        """
        SELECT t.relname, i.relname, array_agg(a.attname::text)
        FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(x.indkey)
        WHERE x.indisunique AND NOT x.indisprimary AND t.relname = ANY(%s) GROUP BY 1, 2
        """,
        sorted(_growing()),
    )
    assert [row[:2] for row in rows if "area" not in row[2]] == []


def test_foreign_keys_between_growing_tables_match_on_area() -> None:
    growing = _growing()
    rows = _ask(
        """
        SELECT c.conrelid::regclass::text, c.confrelid::regclass::text, c.conname,
          ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, o)
                JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY o)
        FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
        """
    )
    assert rows
    between = [row for row in rows if row[0] in growing and row[1] in growing]
    assert len(between) >= 3
    assert [row for row in between if row[3][0] != "area" or len(row[3]) != 2] == []
    assert [row for row in rows if row[0] not in growing and row[1] in growing] == []
    for model in apps.get_models():
        if model._meta.db_table not in growing:
            continue
        for field in model._meta.get_fields():
            if getattr(field, "many_to_one", False) and field.related_model._meta.db_table in growing:
                assert (model._meta.db_table, field.related_model._meta.db_table) in {
                    row[:2] for row in between
                }


def test_codes_are_in_byte_order() -> None:
    columns = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, CodeField)
    }
    found = {
        (row[0], row[1])
        for row in _ask(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND collation_name = 'C'"
        )
    }
    assert columns and columns - found == set()


def test_history_cannot_be_changed(city: None, report: Any) -> None:
    report()
    for statement in (
        "UPDATE cases_caseevent SET note = 'x'",
        "DELETE FROM cases_caseevent",
        "UPDATE audit_auditentry SET event = 'x'",
        "DELETE FROM audit_auditentry",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            _ask(statement)


def test_the_program_owns_nothing_and_cannot_rewrite_history() -> None:
    if not _ask("SELECT 1 FROM pg_roles WHERE rolname = 'shanzhi_app'"):
        pytest.skip("the server has no role shanzhi_app: it is not one of ours")
    assert _ask(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = 'shanzhi_app'"
    ) == [(False, False, False, False)]
    assert _ask(
        "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = 'shanzhi_app'"
    ) == [(0,)]
    for table in APPEND_ONLY:
        for right in ("UPDATE", "DELETE", "TRUNCATE"):
            assert _ask("SELECT has_table_privilege('shanzhi_app', %s, %s)", table, right) == [(False,)]
