"""Random walks of dated changes: what always holds, and that every walk can be taken back."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shanzhi.base.access import SYSTEM
from shanzhi.city.places import changes, queries
from shanzhi.city.places.models import Place, PlaceVersion
from shanzhi.city.places.wishes import Change, Part
from shanzhi.core.kit.errors import ShanzhiError

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(-1, 9)]
KINDS = ["create", "rename", "recode", "move", "merge", "merge-new", "split", "close"]


class Undone(Exception):
    """Leave the walk without a trace."""


def state(on: date) -> dict:
    """Every place open on a day: code, name and all that stands above it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, v.code, v.name, (SELECT array_agg((k.ancestor_id, k.depth)::text ORDER BY k.depth) "
            "FROM places_placeclosure k WHERE k.descendant_id = p.id AND k.from_on <= %s "
            "AND (k.to_on IS NULL OR k.to_on > %s)) FROM places_place p JOIN places_placeversion v "
            "ON v.place_id = p.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s) "
            "WHERE p.opened_on <= %s AND (p.closed_on IS NULL OR p.closed_on > %s)",
            [on] * 6,
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


def wish(kind: str, pick: list[int], on: date, number: int) -> Change:
    """Something that may or may not be possible."""
    standing = list(Place.objects.filter(closed_on=None).order_by("id"))
    one = standing[pick[0] % len(standing)]
    alike = [place for place in standing if place.level == one.level]
    other = alike[pick[1] % len(alike)]
    above = [place for place in standing if place.level != one.level]
    parent = above[pick[2] % len(above)]
    below = [node.id for node in queries.children(one.id, on)]
    half = pick[1] % (len(below) + 1)
    fresh = f"{one.code[:-3]}{700 + number:03d}"
    asked = {
        "create": {"parent_id": one.id, "level": "grid", "name": f"网格{number}"},
        "rename": {"place_id": one.id, "name": f"新名{number}"},
        "recode": {"place_id": one.id, "code": fresh},
        "move": {"place_id": one.id, "parent_id": parent.id},
        "merge": {"places": [one.id, other.id], "into_id": one.id},
        "merge-new": {"places": [one.id, other.id], "into_name": f"并{number}", "into_code": fresh},
        "split": {
            "place_id": one.id,
            "parts": [
                Part(one.name, id=one.id if pick[2] % 2 else None, code=fresh, children=below[:half]),
                Part(f"分{number}", code=f"{one.code[:-3]}{800 + number:03d}", children=below[half:]),
            ],
        },
        "close": {"place_id": one.id},
    }[kind]
    return Change(kind=kind.removesuffix("-new"), on=on, reason="试", **asked)


def check_tree() -> None:
    """On every day: one holder of a code, one version of a place, a line that agrees with its parents."""
    for on in DAYS:
        found = state(on)
        codes = [line[0] for line in found.values()]
        assert len(codes) == len(set(codes))
        versions = PlaceVersion.objects.filter(from_on__lte=on, place_id__in=found).exclude(to_on__lte=on)
        assert versions.count() == len(found)
        parent = {}
        for place, (_, _, line) in found.items():
            steps = [tuple(step.strip("()").split(",")) for step in line]
            assert [int(depth) for _, depth in steps] == list(range(len(steps)))
            assert steps[0][0] == str(place)
            parent[str(place)] = steps[1][0] if len(steps) > 1 else None
        for place, (_, _, line) in found.items():
            step, walked = str(place), []
            while step is not None:
                walked.append(step)
                step = parent[step]
            assert walked == [text.strip("()").split(",")[0] for text in line]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    walk=st.lists(
        st.tuples(st.sampled_from(KINDS), st.lists(st.integers(0, 99), min_size=3, max_size=3), st.integers(0, 2)),
        min_size=1, max_size=7,
    )
)  # fmt: skip
def test_walks_hold_together_and_can_be_taken_back(town, at, walk):
    try:
        with transaction.atomic():
            day, steps, before = 0, [], [[state(on) for on in DAYS]]
            for number, (kind, pick, later) in enumerate(walk):
                day = min(day + later, len(DAYS) - 2)
                asked = wish(kind, pick, DAYS[day + 1], number)
                try:
                    with transaction.atomic():
                        done = changes.make(asked, actor=SYSTEM, at=at)
                except ShanzhiError:
                    assert [state(on) for on in DAYS] == before[-1]
                    continue
                check_tree()
                steps.append(done.change_id)
                before.append([state(on) for on in DAYS])
            for change in reversed(steps):
                before.pop()
                changes.undo(change, "试", actor=SYSTEM, at=at)
                assert [state(on) for on in DAYS] == before[-1]
            raise Undone
    except Undone:
        pass
