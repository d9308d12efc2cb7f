"""Plans of the demo district (演示预案), and one drill that is live: flood, level IV."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.modes import actions
from shanzhi.city.modes.errors import PartsWrong
from shanzhi.city.modes.models import Activation
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.city.places.models import Place
from shanzhi.command.plans import packs, proposing
from shanzhi.edge.cli import demo_orders
from shanzhi.edge.cli.demo import DISTRICT
from shanzhi.work.orders.models import Order

MINUTES_AGO = 25


def seed_plans(*, live: bool = True) -> None:
    """Load the plans of the pack and, unless there are responses already, have a drill live.

    Where an engine that the plan needs is not installed, the response stays proposed: the page says why.
    """
    now = settings.SHANZHI_CLOCK.now()
    district = Place.objects.get(code=DISTRICT, closed_on=None)
    packs.load_all(_home(district), actor=SYSTEM, at=now)
    if not live or Activation.objects.exists():
        return
    begun = now - timedelta(minutes=MINUTES_AGO)
    on = localdate(begun)
    lead, boss = (
        actor_for_account(Account.objects.get(username=name).id, "desk", on)
        for name in ("zhibanzhang", "zhihui")
    )
    wanted = proposing.Wanted(
        level=4, place_ids=[district.id], document="示例汛指〔2026〕1号", last_on=on + timedelta(days=3),
        reason="示例演练：气象部门发布暴雨蓝色预警", is_drill=True,
    )  # fmt: skip
    row = proposing.propose("flood", wanted, actor=lead, at=begun)
    approved = begun + timedelta(minutes=3)
    try:
        actions.perform(row.id, "approve", actions.Given(), actor=boss, at=approved)
        for order in Order.objects.filter(activation_id=row.id):
            demo_orders.answers(order, approved, all_of_them=True)
    except PartsWrong as error:
        print(f"演示响应 {row.number} 待批准：{error.sentence('zh')}")


def _home(district: Place) -> Place:
    """The district itself, or where several are made, the city above them."""
    if Place.objects.filter(level="county", closed_on=None).count() == 1:
        return district
    return Place.objects.filter(code=district.code[:4] + "00", closed_on=None).first() or district
