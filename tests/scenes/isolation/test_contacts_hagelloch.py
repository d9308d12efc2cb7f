"""Household links on real families: the measles of Hagelloch, 1861, 188 children in 69 families of the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shanzhi.base.access import SYSTEM
from shanzhi.city.modes.models import Activation
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation import contacts_actions as actions
from shanzhi.scenes.isolation import contacts_queries as store
from shanzhi.scenes.isolation.models import ContactPerson, ContactTask

pytestmark = [pytest.mark.django_db, pytest.mark.once]
FILE = "measles_hagelloch_1861_188cases.csv"


@dataclass(frozen=True)
class Child:
    """A line of the file: nobody's name is in it."""

    number: int
    family: str
    house: str
    infector: int | None
    rash_on: date


@pytest.fixture
def children(shared_data: Path) -> list[Child]:
    path = shared_data / "health" / FILE
    if not path.is_file():
        pytest.skip(f"needs {FILE} beside the project, which is not here")
    with path.open(newline="") as file:
        return [
            Child(
                int(row["case_ID"]), row["family_ID"], f"{row['x_loc']}/{row['y_loc']}",
                int(row["infector"]) if row["infector"] not in ("", "NA") else None,
                date.fromisoformat(row["date_of_rash"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


@pytest.fixture
def village(db: None) -> Place:
    place = Place.objects.create(
        level="community", code="900101001001", name="示例村", pinyin="shi li cun", area="900101",
        opened_on=date(1861, 1, 1),
    )  # fmt: skip
    from shanzhi.city.places.models import PlaceClosure, PlaceVersion

    PlaceClosure.objects.create(ancestor=place, descendant=place, depth=0, from_on=date(1861, 1, 1))
    PlaceVersion.objects.create(
        place=place, code=place.code, name=place.name, pinyin=place.pinyin, from_on=date(1861, 1, 1)
    )
    at = datetime(1861, 10, 1, tzinfo=UTC)
    Activation.objects.create(
        number="XY-1861", plan="epidemic", plan_version=1, hazard="epidemic", title="示例", level=2, state="live",
        place_ids=[place.id], is_compulsory=True, basis="示例依据", document="示例文号", content={},
        proposed_by_id=uuid7(), proposed_by="示例", proposed_at=at, live_at=at, last_on=date(1862, 12, 31),
    )  # fmt: skip
    return place


def facts(child: Child) -> list[actions.NewFact]:
    return [
        actions.NewFact("household", f"family {child.family}"),
        actions.NewFact("door", f"house {child.house}"),
    ]


def around(children: list[Child], case: Child) -> list[Child]:
    """Whoever shares the family or the house: the brute-force answer."""
    return [
        one
        for one in children
        if one.number != case.number and (one.family == case.family or one.house == case.house)
    ]


def traced(village: Place, children: list[Child], case: Child) -> tuple[ContactTask, dict[int, UUID]]:
    """A task on the day of the case's rash, with every child that the facts link to it."""
    at = datetime.combine(case.rash_on, datetime.min.time(), UTC) + timedelta(hours=8)

    def new(child: Child) -> actions.NewPerson:
        return actions.NewPerson(uuid7(), f"示例 {child.number}", case.rash_on, facts=facts(child))

    first = new(case)
    task = actions.open_task(village.id, first, actor=SYSTEM, at=at)
    ids = {case.number: first.id}
    for child in around(children, case):
        person = new(child)
        actions.add_person(task.area, task.id, person, actor=SYSTEM, at=at)
        ids[child.number] = person.id
    return task, ids


def some(children: list[Child]) -> Iterator[Child]:
    """The first of each family size, so that every shape of household is there once."""
    seen = set()
    for child in children:
        shape = (len([one for one in children if one.family == child.family]), len(around(children, child)))
        if shape not in seen:
            seen.add(shape)
            yield child


def test_the_file_is_what_it_says(children: list[Child]) -> None:
    assert (len(children), len({child.family for child in children})) == (188, 69)


def test_families_and_houses_are_linked_one_hop_and_close_in_time(
    village: Place, children: list[Child]
) -> None:
    cases = list(some(children))
    assert len(cases) >= 8
    for case in cases:
        task, ids = traced(village, children, case)
        wanted = {child.number for child in around(children, case)}
        person = ContactPerson.objects.get(id=ids[case.number])
        links = store.links_of(SYSTEM, person, task.opened_at)
        by_id = {value: key for key, value in ids.items()}
        assert {by_id[link.person.id] for link in links} == wanted
        families = {child.number: child.family for child in children}
        for link in links:
            same = families[by_id[link.person.id]] == case.family
            assert ("household" in link.kinds) == same
        # Nobody is reached who is two hops away: school class and infector are not asked for.
        rows = ContactPerson.objects.filter(task=task)
        assert set(rows.values_list("degree", flat=True)) <= {0, 1}
        for row in rows:
            assert row.observe_until_on == case.rash_on + timedelta(days=14)
            assert row.destroy_at <= row.added_at + timedelta(days=30)
            assert row.destroy_at.date() <= row.observe_until_on
        assert store.people_of(task, task.opened_at + timedelta(days=14)).count() == 0


def test_how_much_of_the_spread_household_links_would_have_told(children: list[Child]) -> None:
    """Of the infections whose source is known, the share within the family or the house: exact, from the file."""
    by_number = {child.number: child for child in children}
    known: list[tuple[Child, Child]] = [
        (child, by_number[child.infector]) for child in children if child.infector in by_number
    ]
    told = [pair for pair in known if pair[1] in around(children, pair[0])]
    assert len(known) > 150
    assert 0 < len(told) < len(known)
    # The oracle agrees with the marks of the store.
    task_id = uuid7()

    def marks(child: Child) -> set[str]:
        return {store.mark(task_id, one.kind, one.value, None) for one in facts(child)}

    assert [pair for pair in known if marks(pair[0]) & marks(pair[1])] == told


def test_marks_tell_households_apart_exactly(children: list[Child]) -> None:
    task_id: Any = uuid7()
    marks = {
        child.number: store.mark(task_id, "household", f"family {child.family}", None) for child in children
    }
    for one in children:
        for other in children:
            assert (marks[one.number] == marks[other.number]) == (one.family == other.family)
