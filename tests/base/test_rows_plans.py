"""What the server is told of reading holds for a block, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection

from shanzhi.base.rows import by_index, in_order, in_sets

pytestmark = pytest.mark.django_db


def told(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("way", "name", "value"),
    [
        (in_sets, "enable_nestloop", "off"),
        (in_order, "join_collapse_limit", "1"),
        (by_index, "enable_hashjoin", "off"),
    ],
)
def test_a_way_of_reading_ends_with_its_block(
    way: Callable[[], AbstractContextManager[None]], name: str, value: str
) -> None:
    before = told(name)
    assert before != value
    with way():
        assert told(name) == value
    assert told(name) == before


def test_a_few_rows_are_left_to_the_server() -> None:
    with in_sets(False):
        assert told("enable_nestloop") == "on"
