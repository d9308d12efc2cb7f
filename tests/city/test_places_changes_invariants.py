"""Random changes of the tree on random days: what must hold on every day, whatever was done and taken back."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shanzhi.base.access import SYSTEM
from shanzhi.city.places import changes
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place, PlaceChange
from shanzhi.city.places.succession import line_of
from shanzhi.city.places.wishes import Change, Part
from shanzhi.core.kit.errors import ShanzhiError

pytestmark = pytest.mark.once

DAYS = [date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 1), date(2026, 3, 9)]
LOOKED_AT = sorted({day + timedelta(days=step) for day in DAYS for step in (-1, 0, 1)})
DIGITS = {Level.STREET: 9, Level.COMMUNITY: 12, Level.GRID: 15}


def ask(sql: str, params: list | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def as_of(day: date) -> dict:
    """Each place of a day: code, name, and its line upwards."""
    lines: dict = {}
    for place, above, depth in ask(
        "SELECT descendant_id, ancestor_id, depth FROM places_placeclosure "
        "WHERE from_on <= %s AND (to_on IS NULL OR to_on > %s)",
        [day, day],
    ):
        assert above not in lines.setdefault(place, {}), "one line between two places a day"
        lines[place][above] = depth
    found = {}
    for place, level, code, name in ask(
        "SELECT p.id, p.level, v.code, v.name FROM places_place p LEFT JOIN places_placeversion v "
        "ON v.place_id = p.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s) "
        "WHERE p.opened_on <= %s AND (p.closed_on IS NULL OR p.closed_on > %s)",
        [day, day, day, day],
    ):
        assert place not in found, "one name a day"
        found[place] = (level, code, name, lines[place])
    return found


def history() -> list[dict]:
    return [as_of(day) for day in LOOKED_AT]


def check_all_days() -> None:
    for day in LOOKED_AT:
        tree = as_of(day)
        codes = Counter(code for _, code, _, _ in tree.values())
        assert None not in codes and max(codes.values(), default=1) == 1, (day, codes)
        lines: dict = {}
        for place, above, depth in ask(
            "SELECT descendant_id, ancestor_id, depth FROM places_placeclosure "
            "WHERE from_on <= %s AND (to_on IS NULL OR to_on > %s)",
            [day, day],
        ):
            lines.setdefault(place, {})[above] = depth
        parents = {
            place: next((above for above, depth in line.items() if depth == 1), None)
            for place, line in lines.items()
        }
        for place, line in lines.items():
            assert line == line_of(place, parents), (day, place)
        for place, (level, *_) in tree.items():
            parent = parents[place]
            assert (parent is None) == (level == Level.PROVINCE)
            if parent is not None:
                assert parent in tree, (day, "a place lies under one that is not there", tree[place])
                assert Level(tree[parent][0]).rank < Level(level).rank
    newest = {
        place: (code, name)
        for place, code, name in ask(
            "SELECT place_id, code, name FROM places_placeversion WHERE to_on IS NULL"
        )
    }
    for place in Place.objects.filter(closed_on=None):
        assert newest[place.id] == (place.code, place.name)


def wish(draw) -> Change | None:
    """Some change, sensible or not, of what stands now."""
    kind = draw(st.sampled_from(["create", "rename", "recode", "move", "merge", "split", "close"]))
    on = draw(st.sampled_from(DAYS))
    below_city = [Level.COUNTY, Level.STREET, Level.COMMUNITY, Level.GRID]
    places = list(Place.objects.filter(closed_on=None, level__in=below_city).order_by("code", "id"))
    if not places:
        return None
    one = draw(st.sampled_from(places))
    number = f"{draw(st.integers(1, 9)):03d}"
    name = draw(st.sampled_from(["甲", "乙", "丙", "丁"])) + number

    def code_under(parent: Place, level: str) -> str:
        return f"{parent.code}000000"[: DIGITS.get(level, 9) - 3] + number

    def of_level(level: str) -> list[Place]:
        return [place for place in places if place.level == level]

    if kind == "create":
        level = draw(st.sampled_from([Level.STREET, Level.COMMUNITY, Level.GRID]))
        return Change(
            "create", on, "试", parent_id=one.id, level=level, name=name, code=code_under(one, level)
        )
    if kind == "rename":
        return Change("rename", on, "试", place_id=one.id, name=name)
    if kind == "recode":
        other = draw(st.sampled_from(places))
        return Change("recode", on, "试", place_id=one.id, code=code_under(other, one.level))
    if kind == "move":
        return Change("move", on, "试", place_id=one.id, parent_id=draw(st.sampled_from(places)).id)
    if kind == "merge":
        among = draw(st.lists(st.sampled_from(of_level(one.level)), min_size=1, max_size=3, unique=True))
        if draw(st.booleans()):
            return Change("merge", on, "试", places=[p.id for p in among], into_id=among[0].id)
        code = draw(st.sampled_from(among)).code if draw(st.booleans()) else code_under(one, one.level)
        return Change("merge", on, "试", places=[p.id for p in among], into_name=name, into_code=code)
    if kind == "split":
        kids = [p for (p,) in ask(
            "SELECT k.descendant_id FROM places_placeclosure k JOIN places_place p ON p.id = k.descendant_id "
            "WHERE k.ancestor_id = %s AND k.depth = 1 AND k.to_on IS NULL AND p.closed_on IS NULL "
            "ORDER BY p.code, p.id", [one.id],
        )]  # fmt: skip
        cut = draw(st.integers(0, len(kids)))
        stays = one.id if draw(st.booleans()) else None
        first = one.code if stays or draw(st.booleans()) else f"{one.code[:-3]}{number}"
        front = Part("前" + name, first, stays, kids[:cut])
        back = Part("后" + name, f"{one.code[:-3]}77{number[-1]}", None, kids[cut:])
        return Change("split", on, "试", place_id=one.id, parts=[front, back])
    return Change("close", on, "试", place_id=one.id)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(data=st.data())
def test_every_day_of_the_tree_holds_together(town, at, data):
    with transaction.atomic():
        done = []
        for _ in range(data.draw(st.integers(1, 7))):
            change = wish(data.draw)
            if change is None:
                break
            before = history()
            try:
                with transaction.atomic():
                    made = changes.make(change, actor=SYSTEM, at=at)
            except ShanzhiError:
                assert history() == before
                continue
            check_all_days()
            past = [day for day in LOOKED_AT if day < change.on]
            assert history()[: len(past)] == before[: len(past)], "what was before the day stays"
            done.append((made.change_id, before))
        # Taken back one after another, the newest first, all is as it was, on every day.
        for change_id, before in reversed(done):
            changes.undo(change_id, "弄错了", actor=SYSTEM, at=at)
            check_all_days()
            assert history() == before
        assert PlaceChange.objects.filter(undoes=None, undone_by=None).exclude(kind="import").count() == 0
        transaction.set_rollback(True)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(data=st.data())
def test_changes_and_undoings_in_any_order_hold_together(town, at, data):
    """An undoing between changes, of any of them: it is refused and changes nothing, or the tree holds together."""
    with transaction.atomic():
        done = []
        for _ in range(data.draw(st.integers(2, 9))):
            before = history()
            back = data.draw(st.sampled_from(done)) if done and data.draw(st.integers(0, 2)) == 0 else None
            change = None if back else wish(data.draw)
            try:
                with transaction.atomic():
                    if back:
                        changes.undo(back, "弄错了", actor=SYSTEM, at=at)
                    elif change:
                        done.append(changes.make(change, actor=SYSTEM, at=at).change_id)
            except ShanzhiError:
                assert history() == before
            check_all_days()
        transaction.set_rollback(True)
