"""Values written as text in one go come back as they were."""

from datetime import UTC, date, datetime
from uuid import UUID

import numpy as np
import pytest
from django.db import connection

from shanzhi.base.rows import array_of, copy_rows

ONE, TWO = UUID(int=1), UUID("01a220da-2aa4-714a-9e3d-ebcd11a82241")
ODD = "甲\t乙\n丙\\N\r\\."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", [ONE, None, TWO]),
        ("text", ["510107", None, "A1"]),
        ("int", [3, -4, None]),
        ("float8", [0.1, 1e-9, 104.0, None]),
        ("bool", [True, False, None]),
        ("bytea", [b"\x00\\\"',{}", b"", None]),
        ("date", [date(2026, 3, 9), None]),
        ("uuid", []),
    ],
)
def test_an_array(kind, values):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [array_of(values)])
        [[found]] = cursor.fetchall()
    assert [bytes(one) if isinstance(one, memoryview) else one for one in found] == values


@pytest.mark.parametrize("text", ["", "a,b", "NULL", "null", 'a"', "a b", "{", "甲", "\\"])
def test_texts_that_are_no_codes_are_refused(text):
    with pytest.raises(ValueError, match="codes alone"):
        array_of([text])


@pytest.mark.django_db
def test_rows():
    at = datetime(2026, 3, 9, 1, 2, 3, 4, tzinfo=UTC)
    rows = [
        (ONE, ODD, None, 0.5, True, b"\x00\t\n\\", date(2026, 3, 9), at),
        (TWO, "", 7, np.float64(1e-7), False, None, None, None),
        *((ONE, "", 1, 1.0, True, b"", None, None) for _ in range(12_000)),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE written (a uuid, b text, c int, d float8, e bool, f bytea, g date, h timestamptz)"
        )
        copy_rows(cursor, "written", "a, b, c, d, e, f, g, h", iter(rows))
        cursor.execute("SELECT * FROM written")
        found = cursor.fetchall()
        cursor.execute("DROP TABLE written")
    assert len(found) == len(rows)
    assert [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in found[:2]] == rows[:2]
