"""Rows as arrays, to the server and back."""

from datetime import date

import numpy as np
import pytest
from django.db import DataError, connection

from shanzhi.base.rows.wide import (
    DAY,
    FLOAT,
    ID,
    INT,
    SMALL,
    Copying,
    array_values,
    copy_in,
    day_number,
    id_array,
    ids_of,
    packed,
    raw_ids,
    read_wide,
)
from shanzhi.core.kit.ids import uuid7, uuid7_many

KINDS = [("id", ID), ("number", INT), ("share", FLOAT)]


@pytest.fixture
def table(db):
    with connection.cursor() as cursor:
        cursor.execute('CREATE TEMP TABLE wide (id uuid, "on" date, small int2, number int4, share float8)')
        yield cursor


def rows(ids):
    count = len(ids)
    numbers = np.arange(count) - 2
    return packed(
        {
            "id": (ID, ids), "on": (DAY, day_number(date(2026, 3, 9))), "small": (SMALL, 7), "number": (INT, numbers),
            "share": (FLOAT, numbers / 3),
        },
        count,
    )  # fmt: skip


def test_what_is_sent_comes_back(table):
    ids = uuid7_many(5)
    copy_in(table, "wide", 'id, "on", small, number, share', rows(ids))
    Copying("wide", 'id, "on", small, number, share', rows(uuid7_many(0))).done()
    table.execute('SELECT DISTINCT "on", small FROM wide')
    assert table.fetchall() == [(date(2026, 3, 9), 7)]
    wanted = "SELECT id, number, share FROM wide WHERE id = ANY(%s::uuid[]) ORDER BY number"
    found = read_wide(table, wanted, [id_array(ids)], KINDS)
    assert (found["id"] == ids).all() and found["number"].tolist() == [-2, -1, 0, 1, 2]
    assert found["share"].tolist() == [n / 3 for n in (-2, -1, 0, 1, 2)]
    assert len(read_wide(table, wanted, [id_array(ids[:0])], KINDS)) == 0
    table.execute("SELECT array_send(array_agg(id ORDER BY number)), array_send('{}'::int4[]) FROM wide")
    [[sent, nothing]] = table.fetchall()
    assert ids_of(array_values("id", ID, bytes(sent))) == ids_of(ids) == sorted(ids_of(ids))
    assert (raw_ids(ids_of(ids)) == ids).all() and not len(array_values("number", INT, bytes(nothing)))


def test_a_null_is_refused(table):
    table.execute("INSERT INTO wide (id, number) VALUES (gen_random_uuid(), 1)")
    with pytest.raises(ValueError, match="share"):
        read_wide(table, "SELECT id, number, share FROM wide", [], KINDS)
    with pytest.raises(ValueError, match="number"):
        array_values("number", INT, bytes(20) + b"\xff\xff\xff\xff" + bytes(4))


def test_what_the_server_says_reaches_whoever_waits(table):
    with pytest.raises(DataError):
        Copying("wide", 'id, "on", small, number', rows(uuid7_many(1))).done()


def test_many_ids_ascend_after_those_before(db):
    first, many, last = uuid7(), ids_of(uuid7_many(10_000)), uuid7()
    made = [first, *many, last]
    assert made == sorted(set(made)) and {one.version for one in made} == {7}
    assert {one.variant for one in made} == {first.variant}
