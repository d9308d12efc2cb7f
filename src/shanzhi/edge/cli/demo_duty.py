"""Rosters and stock of the demo city (演示值班与物资): invented stores, lots and shifts, a request of a grid."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import queries as people
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.edge.cli import demo
from shanzhi.work.rosters import actions as rosters
from shanzhi.work.stock import actions as stock
from shanzhi.work.stock.ledger import Deed
from shanzhi.work.stock.models import Store

_DAYS = 5
# article, lot, days until it expires (None: it does not), how much, minimum
_CENTRAL = (
    ("3010101", "", None, 3200, 2000),
    ("2020101", "", None, 6, 8),
    ("2010101", "", None, 240, 100),
    ("2030101", "", None, 160, 50),
    ("1010101", "SL2401", 40, 300, 200),
    ("1010101", "SL2402", 420, 500, None),
    ("1030102", "SL2310", -3, 2000, None),
    ("1030102", "SL2411", 700, 12000, 10000),
    ("1020201", "", None, 180, None),
)
_STREET = (
    ("3010101", "", None, 400, 300),
    ("2020101", "", None, 2, 1),
    ("1030501", "SL2405", 300, 90, 50),
)  # fmt: skip


def seed_duty(*, at: datetime | None = None) -> None:
    """Make two stores with lots, a roster that is partly shared out, a request; a second run changes nothing."""
    now = at or settings.SHANZHI_CLOCK.now()
    if Store.objects.exists():
        return
    district = Place.objects.get(code=demo.DISTRICT)
    street = Place.objects.filter(level="street", area=demo.DISTRICT).order_by("code").first() or district
    keeper = Account.objects.get(username="cangku")
    for code, name, place, lots in (
        ("SL-01", "示例区中心库", district, _CENTRAL), ("SL-02", "示例街道前置库", street, _STREET),
    ):  # fmt: skip
        store = stock.make_store(
            code, name, place.id, address="示例路 1 号", keeper_id=keeper.id, actor=SYSTEM, at=now
        )
        for item, lot, days, quantity, minimum in lots:
            expires_on = None if days is None else localdate(now) + timedelta(days=days)
            deed = Deed("receive", item, quantity, lot, expires_on, reason="示例入库")
            stock.book(store.id, deed, actor=SYSTEM, at=now)
            if minimum:
                stock.set_minimum(store.id, item, minimum, actor=SYSTEM, at=now)
    _request(now)
    _rosters(district, now)


def _request(now: datetime) -> None:
    worker = people.actor_for_account(Account.objects.get(username="wangge").id, "desk", localdate(now))
    grid = Place.objects.filter(level="grid", area=demo.DISTRICT).order_by("code").first()
    if worker is not None and grid is not None:
        stock.ask([stock.Wish(grid.id, "3010101", 120, "沿街门店挡水（示例）")], actor=worker, at=now)


def _rosters(district: Place, now: datetime) -> None:
    on = localdate(now)
    grids = Place.objects.filter(level="grid", area=demo.DISTRICT).order_by("code")[:3]
    post = rosters.begin("command_post", [district.id], on, on + timedelta(days=_DAYS), actor=SYSTEM, at=now)
    if grids:
        places = [grid.id for grid in grids]
        watch = rosters.begin("flood_watch", places, on, on + timedelta(days=_DAYS), actor=SYSTEM, at=now)
        rosters.confirm(watch.id, rosters.propose(watch.id, actor=SYSTEM, at=now).token, actor=SYSTEM, at=now)
    rosters.confirm(post.id, rosters.propose(post.id, actor=SYSTEM, at=now).token, actor=SYSTEM, at=now)
