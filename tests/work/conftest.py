"""A small invented town for sweeps: two grids of two micro-grids, each with a compound, and six workers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shanzhi.base.access import SYSTEM
from shanzhi.city.compounds.bulk import BulkRows
from shanzhi.city.compounds.models import Floor, Home, Membership
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account
from shanzhi.city.places import actions as places
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.work.sweeps import sharing, turns
from shanzhi.work.sweeps.models import Piece, Sweep

HOMES, SHOPS = 12, 3  # of a micro-grid


class Town:
    """Its district, grids and micro-grids; what a phone there would send."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.grids = list(Place.objects.filter(level="grid").order_by("code")[4:6])
        self.area = self.grids[0].area
        self.district = Place.objects.get(level="county", code=self.area)
        self.on = self.grids[0].opened_on
        self.micros = [
            places.create_grid(
                grid.id,
                f"{grid.code}{n:03d}",
                f"示例微网格{n}",
                level="microgrid",
                on=self.on,
                actor=SYSTEM,
                at=clock.now(),
            )
            for grid in self.grids
            for n in (1, 2)
        ]
        self.compounds: list[UUID] = []
        rows, floors = BulkRows(), []
        for n, micro in enumerate(self.micros):
            lon, lat = 104.03 + n * 0.001, 30.63
            compound = rows.compound(
                self.area, "compound", f"示例苑{n + 1}", self._community(micro), lon, lat, None, None, self.on
            )
            self.compounds.append(compound)
            building = rows.building(self.area, compound, "1栋", lon, lat, self.on)
            for stairs in ("1", "2"):
                for storey in (1, 2, 3):
                    homes = 2
                    floors.append(
                        (micro, rows.floor(self.area, building, stairs, storey, storey, homes, 0, self.on))
                    )
            shops = rows.building(self.area, compound, "底商", lon, lat, self.on)
            floors.append((micro, rows.floor(self.area, shops, "", 1, 1, 0, SHOPS, self.on)))
        rows.write()
        Membership.objects.bulk_create(
            Membership(area=self.area, floor_id=floor, place=micro, from_on=self.on)
            for micro, floor in floors
        )
        first = Floor.objects.get(area=self.area, id=floors[0][1])
        Home.objects.bulk_create(
            Home(area=self.area, floor=first, number=number) for number in ("101", "102")
        )
        posts = [(f"s{n}", "grid_worker", micro) for n, micro in enumerate(self.micros)]
        posts += [("s4", "grid_helper", self.grids[0]), ("s5", "grid_helper", self.grids[1])]
        people.enrol(
            [people.Enrolment(name, f"示例走访{name}", kind, place.id, None) for name, kind, place in posts],
            PASSWORD, from_on=self.on, actor=SYSTEM, at=clock.now(),
        )  # fmt: skip
        self.workers = {name: Account.objects.get(username=name) for name, _, _ in posts}

    def _community(self, micro: Place) -> UUID:
        from shanzhi.city.places.queries import ancestors

        return next(one.id for one in ancestors(micro.id, self.on) if one.level == "community")

    def body(self, **changes: Any) -> dict[str, Any]:
        """A sweep as a composer sends it."""
        return {
            "title": "示例走访", "place_ids": [str(self.district.id)], "targets": ["homes"],
            "form": "health_check", "cadence": "once",
            "until_at": (self.clock.now() + timedelta(hours=6)).isoformat(),
        } | changes  # fmt: skip

    def pieces(self, sweep_id: Any) -> list[Piece]:
        """The pieces in the order of the micro-grids."""
        order = {micro.id: n for n, micro in enumerate(self.micros)}
        return sorted(Piece.objects.filter(sweep_id=sweep_id), key=lambda one: order.get(one.place_id, 99))

    def item(self, piece: Piece, door: int, result: str = "visited", **changes: Any) -> dict[str, Any]:
        """A visit as a phone sends it."""
        found = {
            "id": str(uuid4()), "area": piece.area, "piece": str(piece.id), "door": door, "result": result,
            "happened_at": self.clock.now().isoformat(),
        }  # fmt: skip
        if result == "visited":
            found["answers"] = {"people": 3, "temperature": 36.5, "symptoms": False}
        if result == "help":
            found["note"] = "老人需要送药"
        return found | changes


@pytest.fixture
def town(city: None, clock: FixedClock) -> Town:
    return Town(clock)


@pytest.fixture
def issued(sign_in: Callable[[str], Any], town: Town, clock: FixedClock) -> Callable[..., dict[str, Any]]:
    """A sweep drafted by one, issued by another, its lists made."""

    def make(**changes: Any) -> dict[str, Any]:
        lead, commander = sign_in("zhibanzhang"), sign_in("zhihui")
        status, made = lead.post("/api/sweeps/drafts", town.body(**changes))
        assert status == 201, made
        sweep_id = made["row"]["id"]
        assert lead.post(f"/api/sweeps/{sweep_id}/propose", {})[0] == 200
        status, done = commander.post(f"/api/sweeps/{sweep_id}/issue", {})
        assert status == 200, done
        turns.open_due(clock.now())
        sharing.share_all(clock.now())
        return done

    return make


def sweep_of(out: dict[str, Any]) -> Sweep:
    """The row behind what an endpoint gave."""
    return Sweep.objects.get(id=out["row"]["id"])
