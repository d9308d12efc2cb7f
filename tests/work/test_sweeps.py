"""Sweeps through the interface: drafted by one, issued by another, walked by workers, covered, corrected, ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.sweeps import folding
from shanzhi.work.sweeps.models import Piece, Share, Sweep, SweepEvent, TurnPiece, Visit

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Any]


def send(browser: Any, *items: dict[str, Any]) -> list[str]:
    status, outcomes = browser.post("/api/sweeps/visits", {"items": list(items)})
    assert status == 200, outcomes
    return [one["status"] for one in outcomes]


def counted() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Sweep, SweepEvent, Piece, TurnPiece, Share, Visit))


def test_a_sweep_reaches_every_door_and_the_board_knows(
    sign_in: SignIn, issued: Any, town: Any, clock: FixedClock
) -> None:
    lead = sign_in("zhibanzhang")
    status, found = lead.post("/api/sweeps/preview", town.body())
    assert status == 200, found
    assert (found["doors"], found["homes"], found["shops"]) == (48, 48, 0)
    sweep = issued()
    assert (sweep["row"]["state"], sweep["row"]["numbers"]["doors"]) == ("issued", 48)
    lists = {}
    # Two of the demo's workers stand at the district: they are sent where most doors a head are.
    for name in [*town.workers, "wangge", "xuncha"]:
        status, mine = sign_in(name).get("/api/sweeps/mine")
        assert status == 200, mine
        [one] = mine["sweeps"]
        lists[name] = one["doors"]
    assert sorted(len(doors) for doors in lists.values()) == [6] * 8
    every = [(door["piece"], door["door"]) for doors in lists.values() for door in doors]
    assert len(every) == len(set(every)) == 48
    first = lists["s0"][0]
    piece = Piece.objects.get(id=first["piece"])
    worker = sign_in("s0")
    assert send(
        worker,
        town.item(piece, first["door"]),
        town.item(
            piece, first["door"] + 1, "absent", revisit_at=(clock.now() + timedelta(hours=2)).isoformat()
        ),
    ) == ["stored", "stored"]
    clock.advance(timedelta(minutes=3))
    status, doors = sign_in("s1").get(f"/api/sweeps/doors?area={piece.area}&piece={piece.id}")
    assert status == 200, doors
    assert (doors[first["door"]]["result"], doors[first["door"]]["seen_by"]) == ("visited", "示例走访s0")
    assert folding.fold(clock.now()) == 2
    assert folding.fold(clock.now()) == 0
    commander = sign_in("zhihui")
    sweep_id = sweep["row"]["id"]
    status, cover = commander.get(f"/api/sweeps/{sweep_id}/coverage")
    assert status == 200, cover
    assert {key: cover["numbers"][key] for key in ("doors", "visited", "absent", "settled", "remaining")} == {
        "doors": 48, "visited": 1, "absent": 1, "settled": 1, "remaining": 47,
    }  # fmt: skip
    assert len(cover["curve"]) == 1 and cover["places"][0]["has_below"]
    status, below = commander.get(f"/api/sweeps/{sweep_id}/coverage?place={town.grids[0].id}")
    assert sum(line["numbers"]["doors"] for line in below["places"]) == 24
    status, missed = commander.get(f"/api/sweeps/{sweep_id}/missed")
    assert status == 200, missed
    assert len(missed["doors"]) == 47 and missed["next"] is None
    assert [one["result"] for one in missed["doors"]].count("absent") == 1
    status, shared = commander.get(f"/api/sweeps/{sweep_id}/lists")
    assert [(one["people"], one["doors"]) for one in shared] == [(4, 24), (4, 24)]
    assert "name" in shared[0] and not any("示例走访" in str(one) for one in shared)
    assert commander.client.get(f"/api/sweeps/{sweep_id}/export").status_code == 200
    status, full = commander.get(f"/api/sweeps/{sweep_id}")
    assert [one["verb"] for one in full["actions"]] == ["recall", "end", "correct", "revisit"]
    assert lead.get("/api/sweeps")[1][0]["numbers"]["settled"] == 1


def test_who_may_not_changes_nothing(sign_in: SignIn, town: Any, issued: Any) -> None:
    lead, commander, worker = sign_in("zhibanzhang"), sign_in("zhihui"), sign_in("s0")
    for changes, field in (
        ({"place_ids": []}, "place_ids"), ({"targets": ["moon"]}, "targets"), ({"form": "none"}, "form"),
        ({"cadence": "never"}, "cadence"), ({"per_head": 0}, "per_head"), ({"title": " "}, "title"),
        ({"until_at": "2020-01-01T00:00:00Z"}, "until_at"), ({"template": "none"}, "template"),
    ):  # fmt: skip
        status, refused = lead.post("/api/sweeps/drafts", town.body(**changes))
        assert status >= 400 and refused["error"]["field"] == field, refused
    assert worker.post("/api/sweeps/drafts", town.body())[0] == 403
    assert worker.get("/api/sweeps")[0] == 403
    assert counted() == (0, 0, 0, 0, 0, 0)
    sweep = lead.post("/api/sweeps/drafts", town.body())[1]["row"]["id"]
    assert commander.post(f"/api/sweeps/{sweep}/issue", {})[0] == 409
    assert lead.post(f"/api/sweeps/{sweep}/propose", {})[0] == 200
    before = counted()
    assert lead.post(f"/api/sweeps/{sweep}/issue", {})[1]["error"]["code"] == "sweep-second-person"
    assert (
        commander.post(f"/api/sweeps/{sweep}/issue", {"seen": 47})[1]["error"]["code"]
        == "sweep-doors-changed"
    )
    assert commander.post(f"/api/sweeps/{sweep}/recall", {"reason": "x"})[0] == 409
    assert counted() == before
    assert commander.post(f"/api/sweeps/{sweep}/issue", {"seen": 48})[0] == 200
    # A correction takes its place.
    made = lead.post("/api/sweeps/drafts", town.body(targets=["homes", "shops"], supersedes=sweep))[1]
    assert lead.post("/api/sweeps/drafts", town.body(supersedes=sweep))[0] == 409
    newer = made["row"]["id"]
    lead.post(f"/api/sweeps/{newer}/propose", {})
    status, done = commander.post(f"/api/sweeps/{newer}/issue", {})
    assert (status, done["row"]["numbers"]["doors"]) == (200, 60)
    assert commander.get(f"/api/sweeps/{sweep}")[1]["row"]["state"] == "superseded"


def test_a_response_switches_sweeps_on_and_off_once(sign_in: SignIn, town: Any, clock: FixedClock) -> None:
    from uuid import uuid4

    from shanzhi.city.modes import parts
    from shanzhi.city.people.models import Account
    from shanzhi.city.people.queries import actor_for_account
    from shanzhi.core.kit.errors import InvalidInput

    part = parts.known()["sweeps"]
    lead, boss = (Account.objects.get(username=name) for name in ("zhibanzhang", "zhihui"))
    actor = actor_for_account(boss.id, "desk", clock.now().date())
    assert actor is not None
    live = parts.Live(
        uuid4(),
        "XY-1",
        "epidemic",
        "epidemic",
        2,
        (town.district.id,),
        False,
        lead.id,
        boss.id,
        clock.now(),
        None,
    )
    items = [{"template": "epidemic_door", "hours": 12}, {"template": "shop_check"}]
    part.check(items)
    for wrong, field in (
        ({"template": "x"}, "sweeps.1.template"),
        ({"template": "shop_check", "a": 1}, "sweeps.1"),
    ):
        with pytest.raises(InvalidInput) as error:
            part.check([items[0], wrong])
        assert error.value.field == field
    assert [line.count for line in part.preview(items, live, clock.now())] == [48, 12]
    assert Sweep.objects.count() == 0
    first = part.begin(items, live, actor, clock.now())
    again = part.begin(items, live, actor, clock.now())
    assert [line.subject_id for line in first] == [line.subject_id for line in again]
    assert set(Sweep.objects.values_list("state", "activation_id")) == {("issued", live.activation_id)}
    # Another level that holds one of them: that goes on with its doors; back again, the other begins anew.
    door, shop = (line.subject_id for line in first)
    gone = part.shrink(items[:1], live, actor, clock.now())
    assert [line.subject_id for line in gone] == [shop]
    assert (Sweep.objects.get(id=door).state, Sweep.objects.get(id=shop).state) == ("issued", "ended")
    back = [line.subject_id for line in part.begin(items, live, actor, clock.now())]
    assert back[0] == door and back[1] not in (door, shop)
    assert Sweep.objects.get(id=back[1]).state == "issued"
    assert len(part.end(live, actor, clock.now())) == 2 and part.end(live, actor, clock.now()) == []
    assert set(Sweep.objects.values_list("state", flat=True)) == {"ended"}
