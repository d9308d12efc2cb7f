"""A small town: two districts, three street offices, four communities."""

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from tests.city.maps_case import drawn as drawn

from shanzhi.base.access import SYSTEM, Actor, ActorPost
from shanzhi.city.places import actions, queries
from shanzhi.city.places.rows import DivisionRow
from shanzhi.core.kit.ids import uuid7

BEGINNING = date(2024, 1, 1)
TOWN = [
    ("900000", "甲省", ""),
    ("900100", "乙市", ""),
    ("900101", "东区", ""),
    ("900102", "西区", ""),
    ("900101001", "春风街道", ""),
    ("900101002", "安定街道", ""),
    ("900102001", "桥头镇", ""),
    ("900101001001", "长乐社区", ""),
    ("900101001002", "北门社区", ""),
    ("900101002001", "安居社区", ""),
    ("900102001201", "河湾村", ""),
]


@pytest.fixture
def at(clock):
    """Where the clock stands: Monday 9 March 2026, 10:00 in Shanghai."""
    return clock.now()


@pytest.fixture
def rows_of():
    """Rows from (code, name, parent) or longer dictionaries."""

    def make(*lines):
        return [
            DivisionRow(row=number, **line)
            if isinstance(line, dict)
            else DivisionRow(row=number, code=line[0], name=line[1], parent=line[2] if len(line) > 2 else "")
            for number, line in enumerate(lines, start=2)
        ]

    return make


@pytest.fixture
def town(db, at, rows_of):
    """The ids of the small town's places by code, open since 2024."""
    report = actions.import_divisions(rows_of(*TOWN), on=BEGINNING, actor=SYSTEM, at=at)
    assert (report.created, report.errors) == (len(TOWN), [])
    return {code: queries.by_code(code, BEGINNING).id for code, *_ in TOWN}


@pytest.fixture
def post_at():
    """An actor with one post at a place."""

    def make(place_id: UUID, *capabilities: str, account_id: UUID | None = None) -> Actor:
        post = ActorPost(uuid7(), "some_kind", place_id, None, frozenset(capabilities))
        return Actor(account_id or uuid7(), "某人", "desk", (post,))

    return make


@pytest.fixture
def counted(db):
    """How many rows each table of the city holds: to show that nothing was written."""
    from shanzhi.city.people import models as people
    from shanzhi.city.places import models as places

    tables = [
        places.Place, places.PlaceVersion, places.PlaceClosure, people.Account, people.Post, people.Unit,
        people.PostKind, people.DeviceToken, people.ApiKey,
    ]  # fmt: skip

    def state():
        return {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}

    return state


@pytest.fixture
def post_kinds(db, at):
    """The kinds of post of the pack."""
    from shanzhi.city.people import actions as people

    path = Path(__file__).parents[2] / "packs" / "base" / "posts.yaml"
    return people.load_post_kinds(path, actor=SYSTEM, at=at)
