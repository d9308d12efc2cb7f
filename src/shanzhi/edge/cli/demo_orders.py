"""Orders of the demo district (演示指令): one in force that some have answered, one waiting to be confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid5

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.city.people import actions as people
from shanzhi.city.people import contacts
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.city.places.models import Place
from shanzhi.edge.cli.demo import DISTRICT, LOGINS, PASSWORD
from shanzhi.work.orders import actions, folding, noting, rollup
from shanzhi.work.orders.drafting import Draft
from shanzhi.work.orders.flow import Answer
from shanzhi.work.orders.models import Order, Recipient

_KINDS = ["grid_worker", "grid_helper", "grid_head"]
MINUTES_AGO = 20
# These are signed in to look around: no order stands over the page.
_LOGINS = {login[1] for login in LOGINS}


def seed_orders() -> None:
    """Make them unless there are orders already."""
    if Order.objects.exists():
        return
    now = settings.SHANZHI_CLOCK.now()
    begun = now - timedelta(minutes=MINUTES_AGO)
    district = Place.objects.get(code=DISTRICT)
    _people(district, now)
    lead, boss = (_actor(name, begun) for name in ("zhibanzhang", "zhihui"))
    order = actions.create(
        Draft(
            title="强降雨值守", sentence="今晚 22:00 前巡查低洼点位，手机保持畅通。",
            body="先看地下车库入口、下穿通道和一楼独居老人。发现险情立即上报。", place_ids=[district.id],
            post_kinds=_KINDS, until_at=now + timedelta(hours=4), ladder="usual",
        ),
        actor=lead, at=begun,
    )  # fmt: skip
    actions.perform(order.id, "propose", actor=lead, at=begun)
    actions.perform(order.id, "confirm", actor=boss, at=begun)
    answers(order, begun)
    waiting = actions.create(
        Draft(
            title="高温走访", sentence="明天 18:00 前走访独居老人，确认降温设备可用。", place_ids=[district.id],
            post_kinds=["grid_worker", "grid_helper"], until_at=now + timedelta(hours=26), ladder="usual",
        ),
        actor=lead, at=now,
    )  # fmt: skip
    actions.perform(waiting.id, "propose", actor=lead, at=now)


def _actor(username: str, at: datetime) -> Actor:
    found = actor_for_account(Account.objects.get(username=username).id, "desk", localdate(at))
    assert found is not None
    return found


def _people(district: Place, now: datetime) -> None:
    """A worker in each of the demo's grids, with invented telephones."""
    grids = Place.objects.filter(level="grid", area=district.area, closed_on=None).order_by("code")[:12]
    on = localdate(now) - timedelta(days=30)
    people.enrol(
        [
            people.Enrolment(f"wg{n + 1}", f"示例网格员{n + 1}", "grid_worker", one.id, None)
            for n, one in enumerate(grids)
        ],
        PASSWORD, from_on=on, actor=SYSTEM, at=now,
    )  # fmt: skip
    for number, account in enumerate(Account.objects.order_by("username")):
        contacts.set_contacts(account.id, {"phone": f"1990000{number:04d}"}, actor=SYSTEM, at=now)


def answers(order: Order, begun: datetime, *, all_of_them: bool = False) -> None:
    """Two thirds answer, one in six cannot, some only see it; or `all_of_them` answer, and nobody is called on."""
    said = [Answer.ACKNOWLEDGED, Answer.DONE, Answer.ACKNOWLEDGED, Answer.CANNOT, Answer.READ, None]
    rows = Recipient.objects.filter(order=order).select_related("account").order_by("id")
    for number, row in enumerate(rows):
        answer = said[number % (4 if all_of_them else len(said))]
        if row.account.username in _LOGINS:
            answer = Answer.ACKNOWLEDGED
        if answer is None:
            continue
        at = begun + timedelta(seconds=20 + 17 * number)
        noting.note([noting.Noted(uuid5(row.id, "demo"), row.area, row.id, str(answer), at)])
        folding.fold(at)  # a point of the curve each
    rollup.roll_up(settings.SHANZHI_CLOCK.now())
