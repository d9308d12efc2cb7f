"""Arrays written as text in one go come back as they were."""

from datetime import date
from uuid import UUID

import pytest
from django.db import connection

from shanzhi.base.rows import array_of

ONE, TWO = UUID(int=1), UUID("01a220da-2aa4-714a-9e3d-ebcd11a82241")


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
