"""Three days of knocking at every door in an epidemic (三天敲门): people fall ill, lists follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.work.conftest import HOMES, Town

from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.cases.models import Case
from shanzhi.work.sweeps import folding, loop
from shanzhi.work.sweeps.models import Share, Sweep, TurnPiece

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(city: None, clock: FixedClock) -> Town:
    return Town(clock)


class Day:
    """Workers with their phones: they walk their own lists and send what they find."""

    def __init__(self, sign_in: Callable[[str], Any], town: Town, clock: FixedClock) -> None:
        self.sign_in, self.town, self.clock = sign_in, town, clock

    def step(self) -> None:
        """What the worker process does all the time."""
        folding.fold(self.clock.now())
        loop.step(self.clock)

    def doors(self, name: str) -> list[dict[str, Any]]:
        lists = self.sign_in(name).get("/api/sweeps/mine")[1]["sweeps"]
        return [door for one in lists for door in one["doors"] if door["result"] in {"open", "absent"}]

    def walk(self, name: str, turn: int, result: Callable[[int], str], most: int = 99) -> int:
        """Walk the first doors of a list; how many."""
        pieces = {str(one.id): one for one in self.town.pieces(Sweep.objects.get().id)}
        mine = self.doors(name)[:most]
        items = [
            self.town.item(pieces[one["piece"]], one["door"], result(n), turn=turn)
            for n, one in enumerate(mine)
        ]
        if not items:
            return 0
        status, outcomes = self.sign_in(name).post("/api/sweeps/visits", {"items": items})
        assert status == 200 and {one["status"] for one in outcomes} == {"stored"}, outcomes
        # The network broke before the answer came: the phone sends all of it again.
        _, again = self.sign_in(name).post("/api/sweeps/visits", {"items": items})
        assert {one["status"] for one in again} == {"known"}
        return len(items)


def test_three_days_of_an_epidemic(sign_in: Callable[[str], Any], town: Town, clock: FixedClock) -> None:
    homes = HOMES * len(town.micros)
    lead, commander = sign_in("zhibanzhang"), sign_in("zhihui")
    until = (clock.now() + timedelta(days=2, hours=9)).isoformat()
    status, made = lead.post("/api/sweeps/drafts", town.body(cadence="twice_daily", until_at=until))
    assert status == 201, made
    sweep_id = made["row"]["id"]
    assert lead.post(f"/api/sweeps/{sweep_id}/propose", {})[0] == 200
    assert lead.post(f"/api/sweeps/{sweep_id}/issue", {})[0] == 403
    assert commander.post(f"/api/sweeps/{sweep_id}/issue", {"seen": homes})[0] == 200
    day = Day(sign_in, town, clock)
    crew = [*town.workers, "wangge", "xuncha"]

    # Day 1, morning: everybody walks; every fourth door has nobody home.
    day.step()
    assert sum(len(day.doors(name)) for name in crew) == homes
    walked = sum(day.walk(name, 0, lambda n: "absent" if n % 4 == 3 else "visited") for name in crew)
    day.step()
    [first] = sign_in("zhihui").get(f"/api/sweeps/{sweep_id}")[1]["turns"]
    absent = first["numbers"]["absent"]
    assert walked == homes and absent > 0 and first["numbers"]["settled"] == homes - absent
    # A second round: what remains is divided anew, and somebody is home now.
    assert sign_in("zhihui").post(f"/api/sweeps/{sweep_id}/revisit", {})[0] == 200
    clock.advance(timedelta(minutes=20))
    assert sum(day.walk(name, 0, lambda _: "visited") for name in crew) == absent
    day.step()
    cover = sign_in("zhihui").get(f"/api/sweeps/{sweep_id}/coverage?turn=0")[1]["numbers"]
    assert (cover["settled"], cover["remaining"], cover["doors"]) == (homes, 0, homes)

    # Evening: half way through, two of one grid fall ill. Their doors go to the others.
    clock.advance(timedelta(hours=6))
    day.step()
    for name in crew:
        day.walk(name, 1, lambda n: "help" if n == 0 else "visited", most=3)
    day.step()
    for name in ("s0", "s1"):
        assert sign_in(name).post("/api/sweeps/away", {"away": True})[0] == 204
    day.step()
    assert day.doors("s0") == day.doors("s1") == []
    shared = Share.objects.filter(turn=1, group_id=town.grids[0].id)
    assert {one.account_id for one in shared}.isdisjoint({town.workers[name].id for name in ("s0", "s1")})
    for _ in range(2):
        for name in crew:
            day.walk(name, 1, lambda _: "visited")
        day.step()
    evening = sign_in("zhihui").get(f"/api/sweeps/{sweep_id}/coverage?turn=1")[1]["numbers"]
    assert (evening["remaining"], evening["help"]) == (0, len(crew))
    # Each of those who need help is a case, once, and stays one.
    assert Case.objects.count() == len(crew)
    day.step()
    assert Case.objects.count() == len(crew)

    # Day 2: still ill; between the slots there is nothing to do; then all doors are to be done again.
    clock.advance(timedelta(hours=9))
    day.step()
    assert sum(len(day.doors(name)) for name in crew) == 0
    clock.advance(timedelta(hours=6))
    day.step()
    assert sum(len(day.doors(name)) for name in crew) == homes and day.doors("s0") == []
    for name in crew:
        day.walk(name, 2, lambda n: "refused" if n == 0 else "visited")
    day.step()
    # Day 3: both are back; who had refused is asked like everybody else.
    for name in ("s0", "s1"):
        assert sign_in(name).post("/api/sweeps/away", {"away": False})[0] == 204
    clock.advance(timedelta(days=1))
    day.step()
    assert day.doors("s0") and sum(len(day.doors(name)) for name in crew) == homes
    for name in crew:
        day.walk(name, 4, lambda _: "visited")
    day.step()
    turns = sign_in("zhihui").get(f"/api/sweeps/{sweep_id}")[1]["turns"]
    assert [one["number"] for one in turns] == [0, 1, 2, 4]
    assert all(one["numbers"]["settled"] == homes for one in turns)
    # Coverage is of the snapshot's households, whatever happened on the way.
    assert sum(TurnPiece.objects.filter(turn=4).values_list("doors", flat=True)) == homes
    clock.advance(timedelta(hours=12))
    day.step()
    assert sign_in("zhihui").get(f"/api/sweeps/{sweep_id}")[1]["row"]["state"] == "ended"
    assert sign_in("s0").get("/api/sweeps/mine")[1]["sweeps"] == []
