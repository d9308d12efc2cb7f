"""Dated changes: each verb happy and refused, previews that keep their word, and undoing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.city.compounds.bulk import BulkRows
from shanzhi.city.compounds.models import Building, Compound, Floor, Membership
from shanzhi.city.gridding import actions as gridding
from shanzhi.city.gridding import publishing
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Post
from shanzhi.city.places import actions, changes, queries
from shanzhi.city.places.errors import ChangedLater, OutsideYourPlaces, StillUsed
from shanzhi.city.places.models import Place, PlaceChange, PlaceSuccession
from shanzhi.city.places.wishes import Change, Part
from shanzhi.core.kit.errors import Conflict, InvalidInput, NotFound, Refused

DAY = date(2026, 3, 1)
EARLIER = date(2026, 2, 1)
EAST, SPRING, PEACE = "900101", "900101001", "900101002"


def seen(on: date) -> dict[str, tuple[str, str | None]]:
    """The tree as of a day: code -> (name, code of the parent)."""
    found: dict[str, tuple[str, str | None]] = {}

    def walk(parent, above):
        for node in queries.children(parent, on):
            found[node.code] = (node.name, above)
            walk(node.id, node.code)

    walk(None, None)
    return found


def closure(on: date) -> set[tuple]:
    """Who stands above whom on a day, of places open on it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ancestor_id, descendant_id, depth FROM places_placeclosure k JOIN places_place p "
            "ON p.id = k.descendant_id WHERE k.from_on <= %s AND (k.to_on IS NULL OR k.to_on > %s) "
            "AND p.opened_on <= %s AND (p.closed_on IS NULL OR p.closed_on > %s)",
            [on, on, on, on],
        )
        return set(cursor.fetchall())


def do(at, kind, **wish):
    given = Change(kind=kind, on=wish.pop("on", DAY), reason=wish.pop("reason", "试"), **wish)
    before = changes.preview(given, actor=SYSTEM, at=at)
    done = changes.make(given, actor=SYSTEM, at=at)
    # A preview keeps its word; ids of new places are made anew.
    assert [(r.what, r.before, r.after and r.after.code) for r in before.rows] == [
        (r.what, r.before, r.after and r.after.code) for r in done.rows
    ]
    assert before.touches == done.touches and before.change_id is None
    return done


WISHES = {
    "create": lambda t: {"parent_id": t["900101001001"], "level": "grid", "name": "新网格"},
    "rename": lambda t: {"place_id": t[SPRING], "name": "新春街道"},
    "recode": lambda t: {"place_id": t[SPRING], "code": "900101009"},
    "move": lambda t: {"place_id": t["900101002001"], "parent_id": t[SPRING], "code": "900101001003"},
    "merge": lambda t: {"places": [t[SPRING], t[PEACE]], "into_id": t[SPRING], "into_name": "春安街道"},
    "split": lambda t: {
        "place_id": t[SPRING],
        "parts": [
            Part("春风街道", id=t[SPRING], children=[t["900101001001"]]),
            Part("北门街道", "900101003", children=[t["900101001002"]]),
        ],
    },
    "close": lambda t: {"place_id": t["900102001201"]},
}  # fmt: skip
RESULT = {
    "create": {"900101001001001": ("新网格", "900101001001")},
    "rename": {SPRING: ("新春街道", EAST)},
    "recode": {SPRING: None, "900101009": ("春风街道", EAST), "900101001001": ("长乐社区", "900101009"),
        "900101001002": ("北门社区", "900101009"),
    },
    "move": {"900101002001": None, "900101001003": ("安居社区", SPRING)},
    "merge": {PEACE: None, SPRING: ("春安街道", EAST), "900101002001": ("安居社区", SPRING)},
    "split": {
        SPRING: ("春风街道", EAST), "900101003": ("北门街道", EAST), "900101001002": ("北门社区", "900101003"),
    },
    "close": {"900102001201": None},
}  # fmt: skip


@pytest.mark.parametrize("kind", WISHES)
def test_every_verb_is_dated_and_can_be_taken_back(town, at, kind):
    now, past = seen(localdate(at)), seen(EARLIER)
    lines = closure(localdate(at)), closure(DAY), closure(EARLIER)
    done = do(at, kind, **WISHES[kind](town))
    after = seen(localdate(at))
    wanted = dict(now)
    for code, value in RESULT[kind].items():
        wanted.pop(code, None)
        if value is not None:
            wanted[code] = value
    assert after == wanted and seen(DAY) == wanted
    assert seen(EARLIER) == past and seen(DAY - timedelta(days=1)) == past
    change = PlaceChange.objects.get(id=done.change_id)
    assert (change.kind, change.on, change.reason) == (kind, DAY, "试")
    back = changes.undo(done.change_id, "弄错了", actor=SYSTEM, at=at)
    assert back.change_id != done.change_id
    assert (seen(localdate(at)), seen(EARLIER)) == (now, past)
    assert (closure(localdate(at)), closure(DAY), closure(EARLIER)) == lines
    with pytest.raises(Conflict):
        changes.undo(done.change_id, "再撤", actor=SYSTEM, at=at)
    # And it can be done again; a number that was given once is not given again.
    do(at, kind, **WISHES[kind](town))
    again = seen(localdate(at))
    assert set(again.values()) == set(wanted.values()) if kind == "create" else again == wanted


def test_ids_stay_apart_from_codes(town, at):
    do(at, "recode", place_id=town[SPRING], code="900101009")
    assert Place.objects.get(id=town[SPRING]).code == "900101009"
    assert queries.by_code(SPRING, EARLIER).id == town[SPRING] == queries.by_code("900101009", DAY).id
    do(at, "create", parent_id=town[EAST], level="street", name="另一街道", code=SPRING)
    assert queries.by_code(SPRING, DAY).id != town[SPRING]


def test_a_merge_into_a_new_place_names_its_successors(town, at):
    done = do(at, "merge", places=[town[SPRING], town[PEACE]], into_name="新街道", into_code="900101010")
    (made,) = [row.place for row in done.rows if "created" in row.what]
    assert set(PlaceSuccession.objects.values_list("predecessor_id", "successor_id")) == {
        (town[SPRING], made), (town[PEACE], made),
    }  # fmt: skip
    # Whoever answers for the new one sees what happened at the old ones.
    assert {town[SPRING], town[PEACE]} <= queries.ids_below([made], localdate(at))
    assert town[SPRING] not in queries.ids_below([made], EARLIER)


@pytest.fixture
def inhabited(town, at, post_kinds):
    """Two communities with a post, homes and an open report at one of them."""
    on = date(2025, 1, 1)
    account = people.create_account("mouren", "某人", "Spring-2026", actor=SYSTEM, at=at)
    post = people.appoint(account.id, "grid_worker", town["900101001002"], from_on=on, actor=SYSTEM, at=at)
    rows = BulkRows()
    rows.compound("900101", "compound", "示例苑", town["900101001002"], 104.0, 30.0, 120, 2, on)
    rows.write()
    made = gridding.create(gridding.NewProposal("", [town["900101001002"]], 30, 100, 63), actor=SYSTEM, at=at)
    made = gridding.work_out(made.id, at=at)
    made = gridding.begin_publishing(made.id, made.version, on=EARLIER, reason="试", actor=SYSTEM, at=at)
    publishing.publish(made.id, on=EARLIER, reason="试", actor=SYSTEM, at=at)
    return post


def held(post_on: date) -> list[tuple]:
    rows = Post.objects.filter(from_on__lte=post_on).exclude(to_on__lte=post_on)
    return list(rows.values_list("kind_id", "place_id"))


def test_people_and_homes_go_on_at_the_successor(town, at, inhabited):
    old, new = town["900101001002"], town["900101001001"]
    done = do(at, "merge", places=[old, new], into_id=new)
    assert {one.kind: one.count for one in done.touches} | {"workers": 1, "households": 120} == {
        one.kind: one.count for one in done.touches
    }
    assert held(DAY) == [("grid_worker", new)] and held(EARLIER) == [("grid_worker", old)]
    assert Compound.objects.get().place_id == new
    micro = list(Place.objects.filter(level="microgrid"))
    assert all(queries.ancestors(place.id, DAY)[-2].id == new for place in micro)
    changes.undo(done.change_id, "弄错了", actor=SYSTEM, at=at)
    assert held(DAY) == held(EARLIER) == [("grid_worker", old)]
    assert Compound.objects.get().place_id == old


def test_floors_follow_merged_micro_grids_and_come_back(town, at, inhabited):
    micro = list(Place.objects.filter(level="microgrid").order_by("code"))
    before = set(Membership.objects.filter(to_on=None).values_list("floor_id", "place_id"))
    done = do(at, "merge", places=[micro[0].id, micro[1].id], into_id=micro[0].id)
    now = dict(Membership.objects.filter(to_on=None).values_list("floor_id", "place_id"))
    assert set(now.values()) == {place.id for place in micro} - {micro[1].id} and len(now) == len(before)
    changes.undo(done.change_id, "弄错了", actor=SYSTEM, at=at)
    assert set(Membership.objects.filter(to_on=None).values_list("floor_id", "place_id")) == before


def test_a_division_is_in_the_journal_and_can_be_taken_back(town, at, inhabited):
    (change,) = PlaceChange.objects.filter(kind="divide")
    shapes = dict(Place.objects.values_list("id", "boundary"))
    assert any(shapes.values())
    changes.undo(change.id, "弄错了", actor=SYSTEM, at=at)
    assert not Membership.objects.filter(to_on=None).exists()
    assert not Place.objects.filter(level__in=["grid", "microgrid"], closed_on=None).exists()
    assert "microgrid" not in {node.level for node in queries.children(town["900101001002"], localdate(at))}


def test_only_the_last_change_is_taken_back(town, at):
    first = do(at, "rename", place_id=town[SPRING], name="甲街道", on=EARLIER)
    second = do(at, "move", place_id=town["900101001001"], parent_id=town[PEACE])
    third = do(at, "rename", place_id=town[SPRING], name="乙街道")
    with pytest.raises(ChangedLater) as refused:
        changes.undo(first.change_id, "x", actor=SYSTEM, at=at)
    assert "乙街道" in refused.value.sentence("zh")
    changes.undo(second.change_id, "x", actor=SYSTEM, at=at)
    changes.undo(third.change_id, "x", actor=SYSTEM, at=at)
    changes.undo(first.change_id, "x", actor=SYSTEM, at=at)
    assert Place.objects.get(id=town[SPRING]).name == "春风街道"
    assert list(queries.changes(SYSTEM, localdate(at)).values_list("kind", flat=True))[:3] == ["undo"] * 3


def test_what_is_used_meanwhile_does_not_vanish(town, at, post_kinds):
    done = do(at, "create", parent_id=town["900101001001"], level="grid", name="新网格")
    grid = done.rows[0].place
    account = people.create_account("mouren", "某人", "Spring-2026", actor=SYSTEM, at=at)
    people.appoint(account.id, "grid_worker", grid, from_on=DAY, actor=SYSTEM, at=at)
    with pytest.raises(StillUsed):
        changes.undo(done.change_id, "x", actor=SYSTEM, at=at)
    assert Place.objects.get(id=grid).closed_on is None


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"kind": "turn"}, "kind"),
        ({"kind": "create", "level": "street", "name": "x", "parent": "900101001001"}, "level"),
        ({"kind": "create", "level": "grid", "name": "", "parent": "900101001001"}, "name"),
        ({"kind": "create", "level": "community", "name": "x", "parent": SPRING}, "code"),
        ({"kind": "rename", "place": SPRING, "name": " "}, "name"),
        ({"kind": "recode", "place": SPRING, "code": "900101001001"}, "code"),
        ({"kind": "recode", "place": SPRING, "code": PEACE}, "code"),
        ({"kind": "move", "place": SPRING, "parent": "900101002001"}, "parent_id"),
        ({"kind": "close", "place": SPRING}, "place_id"),
        ({"kind": "merge", "among": [SPRING]}, "places"),
        ({"kind": "merge", "among": [SPRING, "900101002001"]}, "places"),
        ({"kind": "merge", "among": [SPRING, PEACE]}, "into"),
        ({"kind": "split", "place": SPRING, "parts": []}, "parts"),
        (
            {"kind": "split", "place": SPRING, "parts": [Part("a", "900101003"), Part("b", "900101004")]},
            "parts",
        ),
        ({"kind": "rename", "place": SPRING, "name": "x", "on": date(2030, 1, 1)}, "on"),
        ({"kind": "rename", "place": SPRING, "name": "x", "on": date(2023, 1, 1)}, "on"),
        ({"kind": "rename", "place": SPRING, "name": "x", "reason": ""}, "reason"),
    ],
)
def test_a_bad_wish_names_its_field_and_changes_nothing(town, at, counted, wish, field):
    before = counted()
    given = dict(wish)
    change = Change(
        kind=given["kind"], on=given.get("on", DAY), reason=given.get("reason", "试"),
        place_id=town.get(given.get("place")), parent_id=town.get(given.get("parent")),
        name=given.get("name", ""), code=given.get("code", ""), level=given.get("level", ""),
        places=[town[code] for code in given.get("among", [])], parts=given.get("parts", []),
    )  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        changes.make(change, actor=SYSTEM, at=at)
    assert refused.value.field == field
    assert counted() == before and PlaceChange.objects.filter(kind__in=WISHES).count() == 0


def test_who_may(town, at, post_at):
    west, looker = post_at(town["900102"], PLACE_MANAGE, PLACE_VIEW), post_at(town[EAST], PLACE_VIEW)
    rename = Change("rename", DAY, "试", place_id=town[SPRING], name="甲街道")
    with pytest.raises(OutsideYourPlaces):
        changes.make(rename, actor=west, at=at)
    with pytest.raises(Refused):
        changes.make(rename, actor=looker, at=at)
    with pytest.raises(OutsideYourPlaces):
        changes.make(
            Change("move", DAY, "试", place_id=town["900102001"], parent_id=town[EAST]), actor=west, at=at
        )
    done = changes.make(rename, actor=post_at(town[EAST], PLACE_MANAGE, PLACE_VIEW), at=at)
    with pytest.raises(NotFound):
        changes.undo(done.change_id, "x", actor=west, at=at)
    assert [c.id for c in queries.changes(looker, localdate(at), town[SPRING])][0] == done.change_id
    assert done.change_id not in [c.id for c in queries.changes(west, localdate(at))]


def test_imports_are_in_the_journal(town, at, rows_of):
    actions.import_divisions(rows_of((SPRING, "改名街道")), on=DAY, actor=SYSTEM, at=at, source="名单.csv")
    change = PlaceChange.objects.filter(kind="import").order_by("-at", "-id").first()
    assert change.summary_zh == "导入：名单.csv" and change.places == [town[SPRING]]
    changes.undo(change.id, "弄错了", actor=SYSTEM, at=at)
    assert Place.objects.get(id=town[SPRING]).name == "春风街道"


def test_homes_are_counted_once_and_none_is_left_out(town, at, inhabited):
    """Beside the divided compound one whose floors are unknown: a preview counts both."""
    rows = BulkRows()
    rows.compound("900101", "compound", "别苑", town["900101001002"], None, None, 45, 1, date(2025, 1, 1))
    rows.write()
    Compound.objects.filter(name="别苑").update(households=45)
    Compound.objects.filter(name="示例苑").update(households=None)
    floors = Membership.objects.filter(to_on=None).values_list("floor_id", flat=True)
    beside = Building.objects.filter(compound__in=Compound.objects.filter(name="别苑").values("id"))
    Floor.objects.filter(building__in=beside.values("id")).delete()
    homes = sum(Floor.objects.filter(id__in=floors).values_list("homes", flat=True))
    wish = Change("rename", DAY, "试", place_id=town["900101001002"], name="新名社区")
    shown = changes.preview(wish, actor=SYSTEM, at=at)
    assert {one.kind: one.count for one in shown.touches}["households"] == homes + 45


def test_a_division_is_not_published_before_its_community_came_there(town, at):
    rows = BulkRows()
    rows.compound("900101", "compound", "示例苑", town["900101001002"], 104.0, 30.0, 120, 2, date(2025, 1, 1))
    rows.write()
    do(at, "move", place_id=town["900101001002"], parent_id=town[PEACE])
    made = gridding.create(gridding.NewProposal("", [town["900101001002"]], 30, 100, 63), actor=SYSTEM, at=at)
    made = gridding.work_out(made.id, at=at)
    for on, state in ((EARLIER, "ready"), (DAY, "published")):
        made = gridding.begin_publishing(made.id, made.version, on=on, reason="试", actor=SYSTEM, at=at)
        made = publishing.publish(made.id, on=on, reason="试", actor=SYSTEM, at=at)
        assert made.state == state, made.error
        assert Place.objects.filter(level="microgrid").exists() is (state == "published")
        assert (made.error or {}).get("field", "on") == "on"
