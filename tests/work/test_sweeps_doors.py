"""At the doors: what is stored, known, refused; merging, help, wrong data, people who fall out, what is destroyed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils.timezone import localtime
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.base.outbox.models import OutboxRow
from shanzhi.base.retention.holdings import Scope
from shanzhi.city.compounds.models import Floor
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.cli.connections import conninfo
from shanzhi.work.cases.models import Case
from shanzhi.work.sweeps import erasing, folding, following, merging, packs, sharing, turns, visits
from shanzhi.work.sweeps.flow import Result
from shanzhi.work.sweeps.models import (
    Crew,
    FollowUp,
    PlaceCover,
    Share,
    Submission,
    Sweep,
    TurnPiece,
    Visit,
)

SignIn = Callable[[str], Any]
db = pytest.mark.django_db


def send(browser: Any, *items: dict[str, Any]) -> list[dict[str, Any]]:
    status, outcomes = browser.post("/api/sweeps/visits", {"items": list(items)})
    assert status == 200, outcomes
    return list(outcomes)


def statuses(outcomes: list[dict[str, Any]]) -> list[str]:
    return [one["status"] for one in outcomes]


def right(sweep_id: Any) -> None:
    """The roll-ups are the sum of the pieces, and the pieces are what the bytes say."""
    for piece in TurnPiece.objects.filter(sweep_id=sweep_id):
        states = bytes(piece.states)
        assert len(states) == piece.doors
        for result in list(Result)[1:]:
            assert getattr(piece, result.name.lower()) == states.count(int(result)), result
    sweep = Sweep.objects.get(id=sweep_id)
    before = list(PlaceCover.objects.filter(sweep=sweep).order_by("turn", "place_id").values())
    for turn in sweep.turns.all():
        folding.recount(sweep.id, turn.number, turns.begun_on(sweep))
    assert list(PlaceCover.objects.filter(sweep=sweep).order_by("turn", "place_id").values()) == before


visit_lists = st.lists(
    st.tuples(
        st.sampled_from([int(one) for one in Result if one]),
        st.integers(0, 4).map(lambda n: datetime(2026, 3, 9, 2, n, tzinfo=UTC)),
        st.uuids(version=4),
    ),
    min_size=1, max_size=6, unique_by=lambda one: one[2],
)  # fmt: skip


@given(visit_lists, st.randoms())
def test_the_order_of_arrival_makes_no_difference(seen: list[Any], chance: Any) -> None:
    rule = packs.rule()
    found = merging.winner(seen, rule)
    shuffled = list(seen)
    chance.shuffle(shuffled)
    assert merging.winner(shuffled, rule) == found
    # Once more the same visit, as a phone sends it again, changes nothing.
    assert merging.winner([*shuffled, shuffled[0]], rule) == found


@given(visit_lists)
def test_visited_is_never_overwritten_by_absent_and_the_last_word_counts(seen: list[Any]) -> None:
    found = merging.winner(seen, packs.rule())
    there = {one[0] for one in seen}
    if {Result.VISITED, Result.HELP} & there:
        assert found[0] != Result.ABSENT
    others = [one for one in seen if one[0] != Result.ABSENT or not {Result.VISITED, Result.HELP} & there]
    assert found[1] == max(one[1] for one in others)


@given(visit_lists)
def test_one_more_visit_of_the_result_that_holds_changes_nothing(seen: list[Any]) -> None:
    """Why folding need not look at a door of which the new visits say what it says already."""
    *before, (_, at, visit_id) = seen
    if before:
        result = merging.winner(before, packs.rule())[0]
        assert merging.winner([*before, (result, at, visit_id)], packs.rule())[0] == result


@db
def test_folding_in_any_order_comes_to_the_same(issued: Any, town: Any, clock: FixedClock) -> None:
    sweep = issued()["row"]["id"]
    piece = town.pieces(sweep)[0]
    account = town.workers["s0"].id
    clock.advance(timedelta(hours=1))
    results = [("visited", 30), ("absent", 10), ("refused", 40)]
    for door, order in enumerate(permutations(results)):
        for result, minutes_ago in order:
            at = clock.now() - timedelta(minutes=minutes_ago)
            item = town.item(piece, door, result, happened_at=at.isoformat())
            one = visits.submission(account, visits.read(_json(item)))
            with transaction.atomic(), connection.cursor() as cursor:
                assert [found.status for found in visits.take(cursor, [one], clock.now())] == ["stored"]
            folding.fold(clock.now())
    states = bytes(TurnPiece.objects.get(piece=piece).states)
    assert states[:6] == bytes([Result.VISITED]) * 6
    assert folding.fold(clock.now(), restored=False) == 0
    right(sweep)


def _json(item: dict[str, Any]) -> bytes:
    import json

    return json.dumps(item).encode()


@db
def test_what_a_door_says_to_each_item(sign_in: SignIn, issued: Any, town: Any, clock: FixedClock) -> None:
    sweep = issued()["row"]["id"]
    pieces = town.pieces(sweep)
    piece, far = pieces[0], pieces[2]
    worker = sign_in("s0")
    good = town.item(piece, 0)
    outcomes = send(
        worker,
        good,
        town.item(piece, 1, answers={"people": 3, "temperature": 50, "symptoms": False}),
        town.item(piece, 2, answers={"people": 3, "temperature": 36.5, "symptoms": False, "shoe": 1}),
        town.item(piece, 99),
        town.item(far, 0),
        town.item(piece, 3, "absent", answers={"people": 1}),
        town.item(piece, 3, "help", note=" "),
        town.item(piece, 3, "wrong"),
        town.item(piece, 3, happened_at=(clock.now() - timedelta(days=8)).isoformat()),
        town.item(piece, 3, turn=5),
        town.item(piece, 3) | {"area": "51010七"},
        {"id": "no"},
        town.item(piece, 4, "refused"),
        dict(good),
        good | {"result": "vacant", "answers": None},
    )
    assert statuses(outcomes) == [
        "stored", "invalid", "invalid", "unknown", "unknown", "invalid", "invalid", "invalid", "invalid", "unknown",
        "invalid", "invalid", "stored", "known", "conflict",
    ]  # fmt: skip
    assert [one["error"]["field"] for one in outcomes if one["error"]] == [
        "answers.temperature", "answers.shoe", "door", "piece", "answers", "note", "wrong", "happened_at", "piece",
        "area", "id", "id",
    ]  # fmt: skip
    assert outcomes[-1]["error"]["status"] == 409
    assert statuses(send(worker, good, good | {"door": 1})) == ["known", "conflict"]
    # A colleague of the same grid may; somebody without a post that visits may not.
    assert statuses(send(sign_in("s1"), town.item(piece, 5))) == ["stored"]
    assert statuses(send(sign_in("zhibanzhang"), town.item(piece, 6))) == ["unknown"]
    assert Visit.objects.count() == 3
    kept = Submission.objects.all()
    assert sorted(len(visits.opened(row.raw)) for row in kept) == [1, 2]
    assert b"temperature" not in b"".join(bytes(row.raw) for row in kept)
    news = OutboxRow.objects.filter(topic="sweeps", event="visits").values_list("payload", flat=True)
    assert sum(one["visits"] for one in news) == 3
    # Late results of a sweep that has ended count.
    commander = sign_in("zhihui")
    assert commander.post(f"/api/sweeps/{sweep}/end", {"reason": "演练结束"})[0] == 200
    assert statuses(send(worker, town.item(piece, 7))) == ["stored"]
    folding.fold(clock.now())
    assert Sweep.objects.get(id=sweep).turns.get().visited == 3
    right(sweep)


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
def test_two_phones_at_once_in_binary(issued: Any, town: Any, clock: FixedClock, settings: Any) -> None:
    """The way of the hot door: own connections, packed columns; the same ids from both sides, none twice."""
    sweep = issued()["row"]["id"]
    piece = town.pieces(sweep)[0]
    items = [town.item(piece, door, id=str(uuid7())) for door in range(12)]
    revisit = town.item(piece, 0, "absent", revisit_at=(clock.now() + timedelta(hours=1)).isoformat())
    found: dict[str, list[str]] = {}

    def phone(name: str, mine: list[dict[str, Any]]) -> None:
        account = town.workers[name].id
        submissions = [visits.submission(account, visits.read(_json(one))) for one in mine]
        while name not in found:
            with (
                suppress(psycopg.errors.UniqueViolation),  # the other was first: now it is known
                psycopg.connect(conninfo(settings.DATABASES["default"])) as own,
                own.cursor() as cursor,
            ):
                outcomes = visits.take(cursor, submissions, clock.now())
                time.sleep(0.1)  # both stand in the door
                own.commit()
                found[name] = [one.status for one in outcomes]

    threads = [
        threading.Thread(target=phone, args=("s0", [*items, revisit])),
        threading.Thread(target=phone, args=("s1", items[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Visit.objects.count() == 13
    assert sorted([*found["s0"][:12], *found["s1"]]) == ["known"] * 12 + ["stored"] * 12
    row = Visit.objects.get(result=Result.ABSENT)
    assert (row.revisit_at, row.happened_at) == (clock.now() + timedelta(hours=1), clock.now())
    assert folding.fold(clock.now()) == 12
    right(sweep)


@db
def test_help_becomes_one_case_and_wrong_data_a_correction(
    sign_in: SignIn, issued: Any, town: Any, clock: FixedClock
) -> None:
    sweep = issued()["row"]["id"]
    piece = town.pieces(sweep)[0]
    worker, commander = sign_in("s0"), sign_in("zhihui")
    help_item = town.item(
        piece, 0, "help", answers={"people": 1, "temperature": 39.1, "symptoms": True, "need": "doctor"}
    )
    wrong = town.item(piece, 2, "wrong", wrong={"what": "more_doors", "doors": 4}, note="加盖了两间")
    assert statuses(send(worker, help_item, wrong, help_item)) == ["stored", "stored", "known"]
    for _ in range(2):
        folding.fold(clock.now())
        following.make_cases(clock.now())
    case = Case.objects.get()
    assert "老人需要送药" in case.text and "就医" in case.text and "39.1" not in case.text
    assert "示例苑1" in case.address and FollowUp.objects.get(kind="help").case_id == case.id
    status, waiting = commander.get("/api/sweeps/corrections")
    assert status == 200, waiting
    [one] = waiting
    assert (one["what"], one["doors_now"], one["doors"], one["note"]) == ("more_doors", 2, 4, "加盖了两间")
    address = f"/api/sweeps/corrections/{one['area']}/{one['id']}"
    assert worker.post(f"{address}/accept", {})[0] == 403
    assert commander.post(f"{address}/dismiss", {})[1]["error"]["field"] == "reason"
    floors = Floor.objects.filter(area=piece.area, id=piece.units[1])
    assert floors.get().homes == 2
    assert commander.post(f"{address}/accept", {})[1]["state"] == "accepted"
    assert floors.get().homes == 4
    assert commander.post(f"{address}/accept", {})[1]["error"]["code"] == "sweep-correction-settled"
    # What was issued stays as it was: the snapshot does not grow.
    assert Sweep.objects.get(id=sweep).doors == 48
    cover = commander.get(f"/api/sweeps/{sweep}/coverage")[1]
    assert (cover["numbers"]["help"], cover["numbers"]["wrong"], cover["waiting_wrong"]) == (1, 1, 0)


@db
def test_whoever_falls_out_leaves_their_doors_to_the_others(
    sign_in: SignIn, issued: Any, town: Any, clock: FixedClock
) -> None:
    sweep_id = issued()["row"]["id"]
    sweep = Sweep.objects.get(id=sweep_id)
    piece = town.pieces(sweep_id)[0]
    worker = sign_in("s0")
    mine = worker.get("/api/sweeps/mine")[1]["sweeps"][0]["doors"]
    assert statuses(send(worker, *(town.item(piece, one["door"]) for one in mine[:2]))) == ["stored"] * 2
    folding.fold(clock.now())
    other = set(Share.objects.exclude(group_id=town.grids[0].id).values_list("id", flat=True))
    assert worker.post("/api/sweeps/away", {"away": True, "account_id": str(town.workers["s1"].id)})[0] == 404
    assert worker.post("/api/sweeps/away", {"away": True})[0] == 204
    assert worker.get("/api/sweeps/mine")[1]["away"] is True
    assert sharing.share_all(clock.now()) == 1 and sharing.share_all(clock.now()) == 0
    assert worker.get("/api/sweeps/mine")[1]["sweeps"] == []
    shares = Share.objects.filter(group_id=town.grids[0].id)
    doors = [(share.piece_id, door) for share in shares for door in share.doors]
    assert len(doors) == len(set(doors)) == 22  # the two that are done are on no list
    assert set(Share.objects.exclude(group_id=town.grids[0].id).values_list("id", flat=True)) == other
    commander = sign_in("zhihui")
    back = {"away": False, "account_id": str(town.workers["s0"].id)}
    assert commander.post("/api/sweeps/away", back)[0] == 204
    assert sharing.share_all(clock.now()) == 1
    crew = Crew.objects.get(sweep=sweep, group_id=town.grids[0].id).people
    listed = Share.objects.filter(group_id=town.grids[0].id).values_list("account_id", flat=True)
    assert set(crew) == set(listed) and town.workers["s0"].id in crew
    status, full = commander.post(f"/api/sweeps/{sweep_id}/revisit", {})
    assert status == 200 and full["turns"][0]["revisits"] == 1


@db
def test_priority_doors_come_first_and_a_sweep_may_be_of_them_alone(
    sign_in: SignIn, issued: Any, town: Any, clock: FixedClock
) -> None:
    floor = Floor.objects.filter(area=town.area, homes=2, floor=1).order_by("id").first()
    assert floor is not None
    door = {
        "area": town.area,
        "floor_id": str(floor.id),
        "door": 1,
        "reason": "living_alone",
        "basis": "consent",
    }
    lead = sign_in("s0")
    assert lead.post("/api/sweeps/priority", {"doors": [door | {"basis": "statute"}]})[1]["error"][
        "field"
    ] == ("doors.0.reason")
    assert (
        lead.post("/api/sweeps/priority", {"doors": [door | {"door": 2}]})[1]["error"]["field"]
        == "doors.0.door"
    )
    assert sign_in("s3").post("/api/sweeps/priority", {"doors": [door]})[0] in {201, 404}
    assert lead.post("/api/sweeps/priority", {"doors": [door]})[0] == 201
    everybody = issued()
    assert sum(len(one.priority) for one in town.pieces(everybody["row"]["id"])) == 1
    first = [
        one["doors"][0]
        for name in town.workers
        for one in sign_in(name).get("/api/sweeps/mine")[1]["sweeps"]
        if any(door["is_priority"] for door in one["doors"])
    ]
    assert [one["is_priority"] for one in first] == [True]
    alone = issued(targets=["priority"], form="heat_visit", reasons=["living_alone"])
    assert alone["row"]["numbers"]["doors"] == 1
    status, refused = sign_in("zhibanzhang").post("/api/sweeps/drafts", town.body(reasons=["living_alone"]))
    assert (status, refused["error"]["field"]) == (422, "reasons") or status == 400
    listed = sign_in("s0").get("/api/sweeps/priority")[1]
    assert len(listed) == 1 and "living_alone" not in str(listed) and "独居" not in str(listed)
    assert lead.post(f"/api/sweeps/priority/{listed[0]['area']}/{listed[0]['id']}/end", {})[0] == 204
    assert lead.get("/api/sweeps/priority")[1] == []


@db
def test_answers_are_destroyed_and_times_become_days_but_counts_stay(
    sign_in: SignIn, issued: Any, town: Any, clock: FixedClock
) -> None:
    sweep_id = issued()["row"]["id"]
    activation = uuid4()
    Sweep.objects.filter(id=sweep_id).update(activation_id=activation)
    piece = town.pieces(sweep_id)[0]
    worker = sign_in("s0")

    def listed() -> dict[int, Any]:
        doors = worker.get("/api/sweeps/mine")[1]["sweeps"][0]["doors"]
        return {one["door"]: one for one in doors if one["piece"] == str(piece.id)}

    first, second, third, *_ = listed()
    send(worker, town.item(piece, first), town.item(piece, second, "help"))
    folding.fold(clock.now())
    assert (listed()[first]["last"], listed()[first]["has_hidden"]) == ({"people": 3}, True)
    hidden = f"/api/sweeps/doors/{piece.area}/{piece.id}/{first}/answers"
    assert worker.post(hidden, {"reason": ""})[1]["error"]["field"] == "reason"
    assert worker.post(hidden, {"reason": "复核体温"})[1]["answers"]["temperature"] == 36.5
    scope = Scope(activation_id=activation)
    assert (erasing.count_answers(scope), erasing.count_notes(scope)) == (1, 1)
    gone = erasing.destroy_answers(scope)
    assert gone.rows == 1 and len(gone.digest) == 64
    assert erasing.destroy_notes(scope).rows == 1
    assert (erasing.count_answers(scope), erasing.count_notes(scope)) == (0, 0)
    assert worker.post(hidden, {"reason": "复核体温"})[0] == 404
    [outcome] = send(worker, town.item(piece, third))
    assert (outcome["status"], outcome["error"]["code"]) == ("invalid", "sweep-answers-erased")
    assert sign_in("zhihui").get(f"/api/sweeps/{sweep_id}/coverage")[1]["numbers"]["settled"] == 2
    for change in ("UPDATE sweeps_visit SET door = 5", "DELETE FROM sweeps_visit",
                   "UPDATE sweeps_visit SET happened_at = happened_at - interval '1 day'"):  # fmt: skip
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)
    assert erasing.coarsen(clock.now()) == {"sweeps_visit": 0, "sweeps_submission": 0}
    clock.advance(timedelta(days=8))
    assert erasing.coarsen(clock.now(), limit=1) == {"sweeps_visit": 2, "sweeps_submission": 1}
    assert set(erasing.coarsen(clock.now()).values()) == {0}
    told = (Visit.objects.values_list("happened_at"), Submission.objects.values_list("received_at"))
    assert {localtime(one).strftime("%H%M%S%f") for rows in told for (one,) in rows} == {"0" * 12}
    assert UUID(str(sweep_id)) == Visit.objects.values_list("sweep_id", flat=True)[0]


@db
def test_days_of_a_cadence_and_their_restart(
    sign_in: SignIn, issued: Any, town: Any, clock: FixedClock
) -> None:
    until = (clock.now() + timedelta(days=14)).isoformat()
    sweep_id = issued(cadence="days_1_4_7_10_14", until_at=until)["row"]["id"]
    sweep = Sweep.objects.get(id=sweep_id)
    commander = sign_in("zhihui")

    def opened_doors() -> dict[int, int]:
        turns.open_due(clock.now())
        return dict(sweep.turns.order_by("number").values_list("number", "doors"))

    assert opened_doors() == {0: 48}
    clock.advance(timedelta(days=1))
    assert opened_doors() == {0: 48}
    commander = sign_in("zhihui")
    body = {"area": town.area, "compound_id": str(town.compounds[0]), "reason": "该小区新增一例"}
    assert commander.post(f"/api/sweeps/{sweep_id}/restart", body | {"compound_id": str(uuid4())})[0] == 404
    assert commander.post(f"/api/sweeps/{sweep_id}/restart", body)[1] == {"count": 12}
    # Day 1 of that compound is today; for the others it is day 2, on which nobody comes.
    assert opened_doors() == {0: 48, 1: 12}
    clock.advance(timedelta(days=2))
    assert opened_doors() == {0: 48, 1: 12, 3: 36}
    clock.advance(timedelta(days=1))
    assert opened_doors() == {0: 48, 1: 12, 3: 36, 4: 12}
    clock.advance(timedelta(hours=12))
    assert turns.number_at(sweep, clock.now()) is None
    once = issued()["row"]["id"]
    status, refused = sign_in("zhihui").post(f"/api/sweeps/{once}/restart", body)
    assert (status, refused["error"]["code"]) == (409, "sweep-no-restart")
