"""Days of single doors: an answer begins them anew or puts days on; only that door is due, and nobody reads why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from shanzhi.base.retention.holdings import Scope
from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.sweeps import erasing, folding, packs, sharing, turns
from shanzhi.work.sweeps.flow import NOT_DUE
from shanzhi.work.sweeps.models import DoorCourse, Share, Sweep, TurnPiece, Visit

SignIn = Callable[[str], Any]
db = pytest.mark.django_db


def test_rules_read_answers_and_days() -> None:
    fever, symptoms, arrived = packs.door_rules("twice_daily", "health_check")
    assert [one.code for one in (fever, symptoms, arrived)] == ["fever", "symptoms", "arrived"]
    assert fever.fits({"temperature": 37.3}) and not fever.fits({"temperature": 37.2})
    assert (
        not fever.fits({"temperature": True}) and not fever.fits({"temperature": "39"}) and not fever.fits({})
    )
    assert symptoms.fits({"symptoms": True}) and not symptoms.fits({"symptoms": False})
    assert packs.door_rules("twice_daily", "gas_check") == [] == packs.door_rules("gone", "health_check")
    cadence, day = packs.cadence("twice_daily"), localdate()
    assert cadence.is_due(day, day + timedelta(days=13)) and not cadence.is_due(day, day + timedelta(days=14))
    longer = day + timedelta(days=16)
    assert cadence.is_due(day, longer, longer) and not cadence.is_due(day, longer + timedelta(days=1), longer)
    assert cadence.ends_on(day, longer) == longer


@db
def test_an_answer_begins_the_days_of_its_door_anew(
    sign_in: SignIn, issued: Any, town: Any, clock: FixedClock
) -> None:
    until = (clock.now() + timedelta(days=14)).isoformat()
    sweep = Sweep.objects.get(id=issued(cadence="days_1_4_7_10_14", until_at=until)["row"]["id"])
    piece = town.pieces(sweep.id)[0]
    well = {"people": 2, "temperature": 36.6, "symptoms": False}

    def opened_doors() -> dict[int, int]:
        turns.open_due(clock.now())
        sharing.share_all(clock.now())
        return dict(sweep.turns.order_by("number").values_list("number", "doors"))

    def send(door: int, turn: int, **answers: Any) -> str:
        sent = town.item(piece, door, answers=well | answers, turn=turn)
        status, out = sign_in("s0").post("/api/sweeps/visits", {"items": [sent, sent]})
        assert status == 200, out
        folding.fold(clock.now())
        return str(out[0]["status"])

    assert opened_doors() == {0: 48}
    # Day 2: a result that comes late counts from the day on which it happened.
    assert send(0, 0) == "stored" and not DoorCourse.objects.exists()
    clock.advance(timedelta(days=1))
    assert send(1, 0, temperature=38.4, test="positive") == "stored"
    assert send(2, 0, arrived=True) == "stored"
    assert sorted(DoorCourse.objects.values_list("door", "rule")) == [
        (1, "fever"),
        (1, "positive"),
        (2, "arrived"),
    ]
    # The two doors are on day 1 of their own today: they are brought in, and lie on a list at once.
    assert opened_doors() == {0: 48, 1: 2}
    row = TurnPiece.objects.get(piece=piece, turn=1)
    assert (row.doors, bytes(row.states).count(NOT_DUE), row.states[1], row.states[2]) == (
        2,
        piece.doors - 2,
        0,
        0,
    )
    assert sorted(door for one in Share.objects.filter(turn=1) for door in one.doors) == [1, 2]
    [mine] = sign_in("s0").get("/api/sweeps/mine")[1]["sweeps"]
    assert {(one["day"], one["moved_on"]) for one in mine["doors"]} == {
        (1, localdate(clock.now()).isoformat())
    }
    assert "rule" not in str(mine) and "fever" not in str(mine["doors"])
    # A visit where nobody was due is kept, and the turn stays as it is.
    before = Visit.objects.count()
    assert send(0, 1) == "stored" and Visit.objects.count() == before + 1
    assert TurnPiece.objects.get(piece=piece, turn=1).visited == 0
    assert send(1, 1) == "stored" and TurnPiece.objects.get(piece=piece, turn=1).visited == 1
    assert opened_doors() == {0: 48, 1: 2}
    clock.advance(timedelta(days=2))
    # Day 4 of all but these two; their day 4 is a day later.
    assert opened_doors() == {0: 48, 1: 2, 3: 46}
    assert not {1, 2} & {door for one in Share.objects.filter(turn=3, piece=piece) for door in one.doors}
    clock.advance(timedelta(days=1))
    assert opened_doors() == {0: 48, 1: 2, 3: 46, 4: 2}
    # The whole compound begins anew: its other doors come to the two.
    body = {"area": town.area, "compound_id": str(piece.compound_id), "reason": "该小区新增一例"}
    assert sign_in("zhihui").post(f"/api/sweeps/{sweep.id}/restart", body)[0] == 200
    assert opened_doors()[4] == 12
    shown = sign_in("zhihui").get(f"/api/sweeps/{sweep.id}")[1]
    assert [(one["code"], one["doors"]) for one in shown["rules"]] == [
        ("fever", 1),
        ("positive", 1),
        ("arrived", 1),
    ]
    # Day 14 of these doors lies after the end of the sweep: whoever runs it is told.
    assert shown["beyond"] == 2
    scope = Scope(before=clock.now() + timedelta(days=1))
    assert erasing.count_courses(scope) == 3 and erasing.destroy_courses(scope).rows == 3
    assert erasing.count_courses(scope) == 0
    assert set(DoorCourse.objects.values_list("rule", flat=True)) == {"-1", "-2"}
    assert sign_in("zhihui").get(f"/api/sweeps/{sweep.id}")[1]["rules"][-1]["zh"] == "原因已销毁"


@db
def test_symptoms_put_days_on_at_the_end(sign_in: SignIn, issued: Any, town: Any, clock: FixedClock) -> None:
    until = (clock.now() + timedelta(days=30)).isoformat()
    sweep = Sweep.objects.get(id=issued(cadence="twice_daily", until_at=until)["row"]["id"])
    piece = town.pieces(sweep.id)[0]
    clock.advance(timedelta(days=12))
    turns.open_due(clock.now())
    number = sweep.turns.order_by("-number").values_list("number", flat=True)[0]
    answers = {"people": 2, "temperature": 36.6, "symptoms": True}
    sign_in("s0").post("/api/sweeps/visits", {"items": [town.item(piece, 3, answers=answers, turn=number)]})
    assert DoorCourse.objects.get().to_on == localdate(clock.now()) + timedelta(days=7)
    clock.advance(timedelta(days=7))
    turns.open_due(clock.now())
    last = sweep.turns.order_by("-number").first()
    assert last is not None and last.doors == 1 and last.opens_at <= clock.now()
    clock.advance(timedelta(days=1))
    turns.open_due(clock.now())
    assert sweep.turns.order_by("-number").first() == last
