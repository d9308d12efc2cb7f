"""The people of a night of flooding, and what the worker process does meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils.timezone import localdate
from tests.work.conftest import Town

from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.orders import folding as receipts
from shanzhi.work.orders import ladder, rollup
from shanzhi.work.sweeps import folding as visits
from shanzhi.work.sweeps import loop as sweeps


class Night:
    """The people of that night, and what the worker process does meanwhile."""

    def __init__(self, sign_in: Callable[[str], Any], town: Town, clock: FixedClock) -> None:
        self.sign_in, self.town, self.clock = sign_in, town, clock
        self.lead, self.boss = sign_in("zhibanzhang"), sign_in("zhihui")

    def step(self, minutes: int = 0) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        at = self.clock.now()
        ladder.take_due(at)
        receipts.fold(at)
        rollup.roll_up(at)
        visits.fold(at)
        sweeps.step(self.clock)

    def switch_on(self, level: int, **changes: Any) -> dict[str, Any]:
        body = {
            "level": level, "place_ids": [str(self.town.district.id)], "document": "示例汛〔2026〕9号",
            "last_on": (localdate(self.clock.now()) + timedelta(days=2)).isoformat(),
        } | changes  # fmt: skip
        status, made = self.lead.post("/api/plans/flood/propose", body)
        assert status == 201, made
        assert self.lead.post(f"/api/responses/{made['id']}/approve", {})[0] == 403
        status, done = self.boss.post(f"/api/responses/{made['id']}/approve", {})
        assert status == 200, done
        self.step()
        return done["row"]

    def answer(self, names: list[str], what: str = "acknowledged") -> int:
        """Everybody named answers each order that is in force for them; how many receipts."""
        sent = 0
        for name in names:
            browser = self.sign_in(name)
            for order in browser.get("/api/orders/mine")[1]["orders"]:
                if order["state"] != "issued":
                    continue
                item = {
                    "id": str(uuid7()), "area": order["area"], "recipient": order["recipient"], "answer": what,
                    "happened_at": self.clock.now().isoformat(),
                }  # fmt: skip
                [outcome] = browser.post("/api/orders/receipts", {"items": [item]})[1]
                assert outcome["status"] == "stored", outcome
                sent += 1
        return sent

    def board(self, response_id: str) -> dict[str, Any]:
        status, found = self.boss.get(f"/api/board/{response_id}")
        assert status == 200, found
        return found
