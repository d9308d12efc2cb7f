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
