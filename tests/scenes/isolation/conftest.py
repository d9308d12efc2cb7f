"""A response under which people are isolated at home in the demo district, and one of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.modes.models import Activation
from shanzhi.city.modes.parts import Live, known
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation.models import Isolation


def live_of(activation: Activation) -> Live:
    """What a part is told of a response."""
    return Live(
        activation.id, activation.number, activation.plan, activation.hazard, activation.level,
        tuple(activation.place_ids), activation.is_drill, activation.proposed_by_id,
        activation.approved_by_id or activation.proposed_by_id, activation.live_at or activation.proposed_at,
        activation.last_on,
    )  # fmt: skip


@pytest.fixture
def district(city: None) -> Place:
    return Place.objects.get(level="county", area="510107")


@pytest.fixture
def grid(district: Place) -> Place:
    found = Place.objects.filter(level="grid", area=district.area).order_by("code").first()
    assert found is not None
    return found


@pytest.fixture
def community(grid: Place) -> Place:
    return Place.objects.get(level="community", code=grid.code[:12])


@pytest.fixture
def response(district: Place, clock: FixedClock) -> Callable[..., Activation]:
    """Switch a response on with home isolation by an edition."""

    def make(edition: str = "city", **changes: Any) -> Activation:
        now: datetime = clock.now()
        columns = {
            "number": f"XY-{uuid7().hex[-8:]}", "plan": "epidemic", "plan_version": 1, "hazard": "epidemic",
            "title": "示例响应", "level": 2, "state": "live", "place_ids": [district.id], "is_compulsory": True,
            "basis": "《突发事件应对法》示例条款", "document": "示例〔2026〕1号", "content": {},
            "proposed_by_id": uuid7(),
            "proposed_by": "示例甲", "proposed_at": now, "approved_by_id": uuid7(), "approved_by": "示例乙",
            "live_at": now, "last_on": localdate(now) + timedelta(days=14),
        }  # fmt: skip
        activation = Activation.objects.create(**columns | changes)
        if edition:
            known()["isolation"].begin([{"edition": edition}], live_of(activation), SYSTEM, now)
        return activation

    return make


@pytest.fixture
def body(grid: Place, clock: FixedClock) -> Callable[..., dict[str, Any]]:
    """What the desk sends to begin."""

    def make(**changes: Any) -> dict[str, Any]:
        on: date = localdate(clock.now())
        return {
            "id": str(uuid7()), "place_id": str(grid.id), "name": "示例某", "phone": "19900001234",
            "door": "示例小区 3 栋 502", "begun_on": on.isoformat(),
            "household": [{"name": "示例家人", "relation": "配偶"}],
            "emergency": [{"name": "示例亲友", "phone": "19900005678", "relation": "子女"}], "needs": ["medicine"],
        } | changes  # fmt: skip

    return make


@pytest.fixture
def begun(sign_in: Any, body: Any, response: Any) -> Callable[..., Isolation]:
    """Somebody isolated at home by the health worker; a response is live unless one was given."""

    def make(activation: Activation | None = None, **changes: Any) -> Isolation:
        if activation is None and not changes.get("is_voluntary") and not Activation.objects.exists():
            response()
        status, made = sign_in("yiwu").post("/api/isolation", body(**changes))
        assert status == 201, made
        return Isolation.objects.select_related("place").get(id=made["id"])

    return make


class Own:
    """Somebody's own page: number and secret."""

    def __init__(self, browser: Any, isolation: Isolation) -> None:
        from shanzhi.scenes.isolation import queries

        self.browser, self.isolation = browser, isolation
        self.headers = {"X-Follow-Secret": queries.secret_of(isolation.area, isolation.id)}
        self.base = f"/api/care/{isolation.number}"

    def get(self) -> tuple[int, Any]:
        answer: tuple[int, Any] = self.browser.get(self.base, self.headers)
        return answer

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        answer: tuple[int, Any] = self.browser.post(f"{self.base}/{path}", body or {}, self.headers)
        return answer

    def check_in(self, **changes: Any) -> tuple[int, Any]:
        return self.post("check-in", {"id": str(uuid7()), "temperature": 36.5} | changes)


@pytest.fixture
def own(resident: Any) -> Callable[[Isolation], Own]:
    return lambda isolation: Own(resident, isolation)


@pytest.fixture
def one_address() -> Callable[[Isolation], str]:
    return lambda isolation: f"/api/isolation/{isolation.area}/{isolation.id}"
