"""A response as the parts are told of it, without the plan around it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes.models import Activation
from shanzhi.city.modes.parts import Live
from shanzhi.city.people import queries as people
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place


def actor_of(username: str, at: datetime) -> Actor:
    """Somebody of the demo city, as they act at the desk."""
    found = people.actor_for_account(Account.objects.get(username=username).id, "desk", localdate(at))
    assert found is not None
    return found


def response(at: datetime, places: list[UUID] | None = None, **changes: Any) -> Live:
    """An activation that is live, and what the parts are told of it."""
    tops = places or [Place.objects.get(level="county", code="510107").id]
    proposed, approved = (Account.objects.get(username=name).id for name in ("zhibanzhang", "zhihui"))
    number = f"XY2026-{Activation.objects.count() + 1:03d}"
    last_on: date | None = changes.pop("last_on", None)
    made = Activation.objects.create(
        number=number, plan="flood", plan_version=1, hazard="flood", title="示例响应", level=2, state="live",
        place_ids=tops, content={}, proposed_by_id=proposed, proposed_by="值班长乙", proposed_at=at,
        approved_by_id=approved, approved_by="指挥己", live_at=at, last_on=last_on, **changes,
    )  # fmt: skip
    return Live(
        made.id, number, "flood", "flood", 2, tuple(tops), made.is_drill, proposed, approved, at, last_on
    )
