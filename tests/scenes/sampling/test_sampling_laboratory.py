"""A laboratory's system tells results with its own key: each item by itself; the same again is nothing new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.people import actions as people
from shanzhi.city.places.models import Place
from shanzhi.scenes.sampling.models import CampaignEvent, Retest, Tube, TubeResult

pytestmark = [pytest.mark.django_db, pytest.mark.once]
ADDRESS = "/api/sampling/laboratory/results"


def state() -> list[Any]:
    return [
        *(model.objects.count() for model in (TubeResult, Retest, CampaignEvent, AuditEntry)),
        sorted(Tube.objects.values_list("barcode", "state")),
    ]


def elsewhere(field: Any) -> Place:
    """A community in which the round is not."""
    found = Place.objects.filter(level="community", area="510107").exclude(id__in=field.campaign.place_ids)
    return found.order_by("code")[0]


@pytest.fixture
def tell(start: Callable[..., Any], clock: Any) -> Callable[..., Any]:
    """Three tubes of a round, the last one open; a laboratory at a place tells results of them."""
    field = start()
    for n in range(3):
        tube = field.tube(f"SL0000000{n}")
        assert field.come(tube, n).status == "stored"
        if n < 2:
            field.send(field.act("close", tube=tube))

    def post(
        *items: tuple[str, str], at: str = "510107", campaign: str = "", kind: str = "laboratory"
    ) -> Any:
        name = f"lab-{at}-{kind}"
        place, now = Place.objects.get(code=at) if at else elsewhere(field), clock.now()
        account = people.create_account(name, "示例检测所", "Shanzhi-2026", actor=SYSTEM, at=now)
        people.appoint(account.id, kind, place.id, from_on=localdate(now), actor=SYSTEM, at=now)
        token = people.issue_device_token(account.id, "示例系统", actor=SYSTEM, at=now)
        body = {
            "campaign": campaign or field.campaign.number,
            "items": [{"barcode": barcode, "result": result} for barcode, result in items],
        }
        ways = {"Authorization": f"Bearer {token}"}
        send = lambda: Client().post(ADDRESS, body, "application/json", headers=ways)  # noqa: E731
        return send

    return post


def test_each_item_by_itself_and_nothing_twice(tell: Any) -> None:
    send = tell(
        (" sl00000000", "positive"), ("SL00000001", "negative"), ("SL00000001", "positive"),
        ("SL99999999", "negative"),
        ("SL00000002", "negative"), ("SL00000001", "perhaps"),
    )  # fmt: skip
    first = send().json()["items"]
    assert [(one["status"], one["error"] and one["error"]["field"]) for one in first] == [
        ("stored", None), ("stored", None), ("conflict", "result"), ("unknown", "barcode"), ("invalid", "barcode"),
        ("invalid", "result"),
    ]  # fmt: skip
    assert first[2]["error"]["code"] == "sampling-result-conflict"
    before = state()
    assert before[-1] == [("SL00000000", "positive"), ("SL00000001", "negative"), ("SL00000002", "open")]
    assert Retest.objects.get().state == "todo"
    assert TubeResult.objects.values_list("actor_name", flat=True).distinct().get() == "示例检测所"
    again = send().json()["items"]
    assert [one["status"] for one in again] == ["known", "known", "conflict", "unknown", "invalid", "invalid"]
    assert state() == before


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"kind": "health_worker"}, 403, ""), ({"at": ""}, 404, "campaign"),
        ({"campaign": "CY20000101-001"}, 404, "campaign"),
    ],
)  # fmt: skip
def test_who_may_not_and_of_what(tell: Any, changes: dict[str, str], status: int, field: str) -> None:
    send = tell(("SL00000000", "negative"), **changes)
    before = state()
    answer = send()
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
    assert state() == before


def test_no_items_and_no_key(tell: Any) -> None:
    answer = tell()()
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "items")
    assert Client().post(ADDRESS, {}, "application/json").status_code == 401
