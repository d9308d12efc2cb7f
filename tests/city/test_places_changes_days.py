"""Dated changes against what is recorded already, on the day and after it; and who follows."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Post, Unit
from shanzhi.city.places import actions, changes, queries
from shanzhi.city.places.errors import CannotGoBack, ChangedLater, OutsideYourPlaces, StillUsed
from shanzhi.city.places.models import Place, PlaceChange
from shanzhi.city.places.rows import DivisionRow
from shanzhi.city.places.wishes import Change, Part
from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError

TODAY = date(2026, 3, 9)
DAY = date(2026, 3, 1)
EARLIER = date(2026, 2, 1)
EAST, WEST, SPRING, PEACE = "900101", "900102", "900101001", "900101002"
NORTH, JOY, VILLAGE = "900101001002", "900101001001", "900102001201"


def do(at, kind, on=DAY, actor=SYSTEM, **wish):
    return changes.make(Change(kind, on, "试", **wish), actor=actor, at=at)


def refused(at, kind, error=InvalidInput, **wish):
    """The error, and that nothing was written."""
    before = PlaceChange.objects.count(), list(Place.objects.order_by("id").values())
    with pytest.raises(error) as found:
        do(at, kind, **wish)
    assert (PlaceChange.objects.count(), list(Place.objects.order_by("id").values())) == before
    return found.value


def back(at, change_id, error=None):
    if error is None:
        return changes.undo(change_id, "弄错了", actor=SYSTEM, at=at)
    before = PlaceChange.objects.count(), list(Place.objects.order_by("id").values())
    with pytest.raises(error) as found, transaction.atomic():
        changes.undo(change_id, "弄错了", actor=SYSTEM, at=at)
    assert (PlaceChange.objects.count(), list(Place.objects.order_by("id").values())) == before
    return found.value


def name(place, on=TODAY):
    return queries.node(place, on).name


@pytest.mark.parametrize("wish", [
    {"kind": "create", "parent": EAST, "level": "street", "name": "冒名街道", "code": PEACE, "at": "code"},
    {"kind": "merge", "among": [SPRING, PEACE], "into_name": "甲街道", "into_code": "900102001", "at": "into"},
    {"kind": "split", "place": SPRING, "codes": ["900101001", "900101002"], "at": "parts.1.code"},
    {"kind": "split", "place": SPRING, "codes": ["900101007", "900101007"], "at": "parts.0.code"},
])  # fmt: skip
def test_a_code_in_use_is_nobody_elses(town, at, wish):
    """The holder of the code is not renamed by it."""
    parts = [
        Part("前街道", wish["codes"][0], None, [town[JOY]]), Part("后街道", wish["codes"][1], None, [town[NORTH]]),
    ] if "codes" in wish else []  # fmt: skip
    error = refused(
        at, wish["kind"], parent_id=town.get(wish.get("parent")), place_id=town.get(wish.get("place")),
        level=wish.get("level", ""), name=wish.get("name", ""), code=wish.get("code", ""),
        places=[town[code] for code in wish.get("among", [])], into_name=wish.get("into_name", ""),
        into_code=wish.get("into_code", ""), parts=parts,
    )  # fmt: skip
    assert error.field == wish["at"]


def test_a_code_set_free_in_the_same_change_may_be_taken(town, at):
    done = do(at, "merge", places=[town[SPRING], town[PEACE]], into_name="春安街道", into_code=PEACE)
    made = next(row.place for row in done.rows if "created" in row.what)
    assert queries.by_code(PEACE, DAY).id == made
    assert queries.by_code(PEACE, DAY - timedelta(days=1)).id == town[PEACE]
    back(at, done.change_id)
    assert queries.by_code(PEACE, TODAY).id == town[PEACE]


def test_codes_change_hands_in_one_change(town, at):
    swap = [Part("", PEACE, town[SPRING]), Part("", SPRING, town[PEACE])]
    done = do(at, "recode", parts=swap)
    assert queries.by_code(PEACE, DAY).id == town[SPRING] and queries.by_code(SPRING, DAY).id == town[PEACE]
    assert queries.by_code(PEACE, EARLIER).id == town[PEACE]
    back(at, done.change_id)
    assert queries.by_code(PEACE, DAY).id == town[PEACE] and queries.by_code(SPRING, DAY).id == town[SPRING]
    assert refused(at, "recode", parts=[swap[0]]).field == "parts.0.code"
    assert refused(at, "recode", parts=[swap[0], swap[0]]).field == "parts"


def test_nothing_new_is_no_change(town, at):
    assert refused(at, "rename", place_id=town[SPRING], name="春风街道").field == "name"
    assert refused(at, "recode", place_id=town[SPRING], code=SPRING).field == "code"
    assert refused(at, "move", place_id=town[SPRING], parent_id=town[EAST]).field == "parent_id"


def test_a_code_is_held_by_one_on_past_days_too(town, at):
    do(at, "recode", place_id=town[SPRING], code="900101009")
    error = refused(
        at, "create", on=EARLIER, parent_id=town[EAST], level="street", name="另一街道", code=SPRING
    )
    assert error.field == "code" and "2026-03-01" in error.sentence("zh")
    report = actions.import_divisions(
        [DivisionRow(2, SPRING, "另一街道", parent=EAST)], on=EARLIER, actor=SYSTEM, at=at, dry_run=True
    )
    assert [(e.row, e.field) for e in report.errors] == [(2, "code")]


def test_a_place_is_not_set_under_a_line_that_began_later(town, at):
    do(at, "move", place_id=town[SPRING], parent_id=town[WEST])
    wish = {"parent_id": town[JOY], "level": "grid", "name": "新网格"}
    assert refused(at, "create", on=EARLIER, **wish).field == "on"
    assert refused(at, "move", on=EARLIER, place_id=town[NORTH], parent_id=town[PEACE]).field == "on"
    report = actions.import_divisions(
        [DivisionRow(2, JOY + "001", "新网格")], on=EARLIER, actor=SYSTEM, at=at
    )
    assert [(e.row, e.field) for e in report.errors] == [(2, "on")]
    assert do(at, "create", **wish).change_id


def test_a_place_does_not_end_before_what_lay_under_it_left(town, at):
    do(at, "move", place_id=town[JOY], parent_id=town[PEACE])
    do(at, "move", place_id=town[NORTH], parent_id=town[PEACE])
    assert refused(at, "close", on=EARLIER, place_id=town[SPRING]).field == "on"
    assert do(at, "close", place_id=town[SPRING]).change_id


def test_a_place_does_not_move_before_what_lay_under_it_left(town, at):
    do(at, "move", place_id=town[JOY], parent_id=town[PEACE])
    assert refused(at, "move", on=EARLIER, place_id=town[SPRING], parent_id=town[WEST]).field == "on"
    assert do(at, "move", place_id=town[SPRING], parent_id=town[WEST]).change_id
    assert [n.name for n in queries.ancestors(town[JOY], EARLIER)] == ["甲省", "乙市", "东区", "春风街道"]


def test_an_earlier_day_does_not_open_what_has_left_ones_places(town, at, post_at):
    do(at, "move", place_id=town[SPRING], parent_id=town[WEST])
    east = post_at(town[EAST], PLACE_MANAGE, PLACE_VIEW)
    refused(at, "rename", OutsideYourPlaces, on=EARLIER, actor=east, place_id=town[SPRING], name="甲街道")


def test_what_came_to_a_place_since_keeps_it(town, at, post_kinds):
    made = do(at, "create", parent_id=town[JOY], level="grid", name="新网格")
    grid = made.rows[0].place
    account = people.create_account("mouren", "某人", "Spring-2026", actor=SYSTEM, at=at)
    later = DAY + timedelta(days=3)
    post = people.appoint(account.id, "grid_worker", grid, from_on=later, actor=SYSTEM, at=at)
    assert "在岗人员" in back(at, made.change_id, StillUsed).sentence("zh")
    people.end_post(post.id, on=later + timedelta(days=1), actor=SYSTEM, at=at)
    back(at, made.change_id, StillUsed)
    Post.objects.all().delete()
    back(at, made.change_id)
    assert queries.by_code(JOY + "001", TODAY) is None


def test_what_was_made_below_since_keeps_it(town, at):
    made = do(at, "create", parent_id=town[JOY], level="grid", name="新网格")
    micro = do(at, "create", parent_id=made.rows[0].place, level="microgrid", name="微网格")
    assert "微网格" in back(at, made.change_id, StillUsed).sentence("zh")
    ended = do(at, "close", on=TODAY, place_id=micro.rows[0].place)
    assert "微网格" in back(at, made.change_id, StillUsed).sentence("zh")
    for change in (ended, micro, made):
        back(at, change.change_id)
    assert not queries.ids_below([made.rows[0].place], TODAY)
    # What never was does not stand against an earlier day.
    do(at, "move", on=EARLIER, place_id=town[JOY], parent_id=town[PEACE])


def test_no_place_goes_on_under_one_that_ended_since_or_with_a_code_given_away(town, at):
    ended = do(at, "close", place_id=town[VILLAGE])
    other = do(at, "create", parent_id=town["900102001"], level="community", name="别村", code=VILLAGE)
    assert "别村" in back(at, ended.change_id, CannotGoBack).sentence("zh")
    back(at, other.change_id)
    above = do(at, "close", place_id=town["900102001"])
    assert "桥头镇" in back(at, ended.change_id, CannotGoBack).sentence("zh")
    back(at, above.change_id)
    back(at, ended.change_id)
    assert name(town[VILLAGE]) == "河湾村"


def test_what_ended_before_its_parent_moved_may_go_on(town, at):
    do(at, "move", place_id=town[SPRING], parent_id=town[WEST])
    ended = do(at, "close", on=EARLIER, place_id=town[NORTH])
    back(at, ended.change_id)
    for on, above in ((EARLIER, "东区"), (TODAY, "西区")):
        assert [n.name for n in queries.ancestors(town[NORTH], on)][2:] == [above, "春风街道"]


def test_a_place_made_does_not_vanish_once_its_line_has_changed(town, at):
    made = do(at, "create", on=EARLIER, parent_id=town[NORTH], level="grid", name="新网格")
    moved = do(at, "move", place_id=town[SPRING], parent_id=town[WEST])
    assert "2026-03-01" in back(at, made.change_id, CannotGoBack).sentence("zh")
    back(at, moved.change_id)
    back(at, made.change_id)
    assert queries.children(town[NORTH], TODAY) == []


def test_an_undone_name_does_not_stand_against_an_earlier_day(town, at):
    first = do(at, "rename", place_id=town[SPRING], name="甲街道")
    back(at, first.change_id)
    do(at, "rename", on=EARLIER, place_id=town[SPRING], name="乙街道")
    assert (name(town[SPRING], EARLIER), name(town[SPRING])) == ("乙街道", "乙街道")
    back(at, first.change_id, ShanzhiError)


@pytest.fixture
def staff(town, at, post_kinds):
    """Somebody at both communities, somebody who begins later at one, and a unit there."""
    made = {}
    for username, day, places in (
        ("both", date(2025, 1, 1), [NORTH, JOY]), ("soon", date(2026, 4, 1), [NORTH]),
        ("ended", date(2025, 1, 1), [NORTH]),
    ):  # fmt: skip
        account = people.create_account(username, username, "Spring-2026", actor=SYSTEM, at=at)
        for code in places:
            made[username, code] = people.appoint(
                account.id, "grid_worker", town[code], from_on=day, actor=SYSTEM, at=at
            )
    people.end_post(made["ended", NORTH].id, on=date(2025, 6, 1), actor=SYSTEM, at=at)
    made["unit"] = people.create_unit(code="u1", name="示例站", place_id=town[NORTH], actor=SYSTEM, at=at)
    return made


def posts():
    return {tuple(row) for row in Post.objects.values_list("account__username", "place", "from_on", "to_on")}


def test_who_works_at_a_place_that_ends_goes_on_once(town, at, staff):
    before = posts()
    done = do(at, "merge", places=[town[NORTH], town[JOY]], into_id=town[JOY])
    start = date(2025, 1, 1)
    assert posts() == {
        ("both", town[JOY], start, None), ("both", town[NORTH], start, DAY),
        ("soon", town[JOY], date(2026, 4, 1), None), ("ended", town[NORTH], start, date(2025, 6, 1)),
    }  # fmt: skip
    assert Unit.objects.get().place_id == town[JOY]
    back(at, done.change_id)
    assert posts() == before and Unit.objects.get().place_id == town[NORTH]


def test_a_post_that_ended_at_the_successor_has_ended_when_taken_back(town, at, staff):
    done = do(at, "merge", places=[town[NORTH], town[JOY]], into_name="新社区", into_code="900101001009")
    made = next(row.place for row in done.rows if "created" in row.what)
    (post,) = Post.objects.filter(place=made, account__username="both")
    people.end_post(post.id, on=DAY + timedelta(days=4), actor=SYSTEM, at=at)
    back(at, done.change_id)
    held = Post.objects.filter(account__username="both", place__in=[town[NORTH], town[JOY]])
    assert DAY + timedelta(days=4) in set(held.values_list("to_on", flat=True))
    assert not Post.objects.filter(place=made, to_on=None).exists()


def test_the_past_is_read_by_whoever_stands_at_the_successor(town, at, post_at):
    done = do(at, "merge", places=[town[SPRING], town[PEACE]], into_name="春安街道", into_code="900101010")
    made = next(row.place for row in done.rows if "created" in row.what)
    here = post_at(made, PLACE_VIEW)
    seen = [node.name for node in queries.roots_of(here, EARLIER, today=TODAY)]
    assert seen == ["安定街道", "春风街道"]
    assert [node.name for node in queries.roots_of(here, TODAY, today=TODAY)] == ["春安街道"]
    assert [n.code for n in queries.search("长乐", here, EARLIER, today=TODAY)] == [JOY]
    assert queries.search("河湾", here, EARLIER, today=TODAY) == []
    assert queries.sees(here, town[SPRING], EARLIER, TODAY) and not queries.sees(
        here, town[WEST], EARLIER, TODAY
    )
    # Who had a place on that day still counts it on that day.
    do(at, "move", on=TODAY, place_id=town[JOY], parent_id=town["900102001"])
    assert queries.sees(here, town[JOY], DAY, TODAY) and not queries.sees(here, town[JOY], TODAY, TODAY)


def test_the_journal_cannot_be_changed(town, at):
    do(at, "rename", place_id=town[SPRING], name="甲街道")
    for statement in ("UPDATE places_placechange SET reason = 'x'", "DELETE FROM places_placechange"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_one_wins(at, rows_of):
    rows = rows_of(
        ("900000", "甲省"), ("900100", "乙市"), (EAST, "东区"), (SPRING, "春风街道"), (PEACE, "安定街道")
    )
    actions.import_divisions(rows, on=EARLIER, actor=SYSTEM, at=at)
    ids = {code: queries.by_code(code, TODAY).id for code in (SPRING, PEACE)}
    ready, told = threading.Barrier(2), []

    def run(into):
        try:
            ready.wait()
            do(at, "merge", places=[ids[SPRING], ids[PEACE]], into_id=ids[into])
            told.append("done")
        except (NotFound, InvalidInput, ChangedLater) as error:
            told.append(error.code)
        finally:
            connection.close()

    both = [threading.Thread(target=run, args=(code,)) for code in (SPRING, PEACE)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(told) == ["done", "not-found"]
    assert Place.objects.filter(id__in=[ids[SPRING], ids[PEACE]], closed_on=None).count() == 1
    assert PlaceChange.objects.filter(kind="merge").count() == 1
