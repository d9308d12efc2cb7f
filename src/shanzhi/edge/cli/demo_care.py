"""Home-isolation care of the demo district (演示照护): invented people under a live response, else voluntary ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid5

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.cli.demo import DISTRICT
from shanzhi.scenes.isolation import actions, checking, climbing, queries, services, slots, transfers
from shanzhi.scenes.isolation.beginning import Emergency, Member, NewIsolation
from shanzhi.scenes.isolation.flow import Why
from shanzhi.scenes.isolation.models import Isolation, Slot


@dataclass(frozen=True)
class Person:
    """An invented person; `checks` is how many of the last days' check-ins were answered, from the oldest."""

    name: str
    door: str
    days_ago: int
    checks: float
    needs: tuple[str, ...] = ()


PEOPLE = (
    Person("示例甲", "示例小区 1 栋 101", 4, 1.0, ("medicine",)),
    Person("示例乙", "示例小区 2 栋 502", 3, 0.7, ("baby",)),
    Person("示例丙", "样板苑 3 单元 201", 2, 1.0),
    Person("示例丁", "样板苑 5 单元 1103", 1, 0.0, ("alone", "hearing")),
)


def seed_care() -> None:
    """Make them unless somebody is there already; nobody is isolated where no response is live."""
    if Isolation.objects.exists():
        return
    now = settings.SHANZHI_CLOCK.now()
    grids = list(Place.objects.filter(level="grid", area=DISTRICT, closed_on=None).order_by("code")[:4])
    if not grids:
        return
    health = _actor("yiwu", now)
    for number, person in enumerate(PEOPLE):
        grid = grids[number % len(grids)]
        is_voluntary = not any(one.activation.is_compulsory for one in queries.allowed_at(grid.id, now))
        _make(person, number, grid, is_voluntary, health, now)
    climbing.climb(now)


def _actor(username: str, at: datetime) -> Actor:
    found = actor_for_account(Account.objects.get(username=username).id, "desk", localdate(at))
    assert found is not None
    return found


def _make(person: Person, number: int, grid: Place, is_voluntary: bool, health: Actor, now: datetime) -> None:
    begun = now - timedelta(days=person.days_ago, hours=1)
    one, _ = actions.begin(
        NewIsolation(
            id=uuid7(), place_id=grid.id, name=person.name, phone=f"1990000{7000 + number}",
            begun_on=localdate(begun), door=person.door, needs=person.needs,
            household=(Member("示例家人", "同住"),), emergency=(Emergency("示例亲友", f"1990000{8000 + number}"),),
            is_voluntary=is_voluntary,
        ),
        actor=health, at=begun,
    )  # fmt: skip
    for day in range(person.days_ago + 1):
        slots.make(begun + timedelta(days=day), area=one.area, ids=[one.id])
    past = list(Slot.objects.filter(isolation=one, opens_at__lte=now).order_by("due_at"))
    for slot in past[: round(len(past) * person.checks)]:
        checking.check_in(
            one, checking.NewCheckIn(uuid5(slot.id, "demo"), 36.4 + (slot.id.int % 5) / 10, slot_id=slot.id),
            "call", actor=health, at=min(slot.due_at, now),
        )  # fmt: skip
    if number == 0:
        services.place(one, services.NewService(uuid7(), "meal", "少盐", daily=True), actor=health, at=now)
        services.place(one, services.NewService(uuid7(), "medicine", "示例降压药"), actor=health, at=now)
    if number == 2:
        transfers.ask(one, Why.MEDICAL, actor=queries.resident(), at=now)
