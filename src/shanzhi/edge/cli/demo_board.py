"""The people on the notice boards of the demo city (演示公示牌): invented, with telephones that cannot exist."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.cards import actions as cards
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account, Post
from shanzhi.city.places.models import Place
from shanzhi.edge.cli import demo

_NAMES = "甲乙丙丁戊己庚辛壬癸子丑"
_FIRST = "wangge-zhang-1"
# Which of every three grids has nobody in the post, so that boards show what is missing.
_KINDS = (
    ("grid_head", "网格长", "zhang", 2),
    ("grid_worker", "专职员", "zhuan", None),
    ("grid_helper", "兼职员", "jian", 1),
)


def seed_boards(*, at: datetime | None = None) -> None:
    """Appoint the people of the demo grids, and publish the telephones of most; a second run changes nothing."""
    now = at or settings.SHANZHI_CLOCK.now()
    if Account.objects.filter(username=_FIRST).exists():
        return
    communities = list(Place.objects.filter(level="community", area=demo.DISTRICT).order_by("code")[:3])
    grids = list(Place.objects.filter(level="grid", name__startswith="示例网格").order_by("code"))
    listed = [
        people.Enrolment(f"wangge-zhidao-{number}", f"指导员{_NAMES[number - 1]}", "grid_adviser", place.id)
        for number, place in enumerate(communities, start=1)
    ]
    listed += [
        people.Enrolment(f"wangge-{word}-{number}", f"{title}{_NAMES[number - 1]}", kind, place.id)
        for number, place in enumerate(grids, start=1)
        for kind, title, word, without in _KINDS
        if without is None or number % 3 != without
    ]
    on = localdate(now) - timedelta(days=300)
    people.enrol(listed, demo.PASSWORD, from_on=on, actor=SYSTEM, at=now)
    posts = Post.objects.filter(account__username__in=[one.username for one in listed]).order_by("id")
    for number, post in enumerate(posts, start=1):
        cards.set_contact(
            post.place_id, post.id, phone=f"028-0000-{number:04d}", photo=None, shown=number % 7 != 0,
            actor=SYSTEM, at=now,
        )  # fmt: skip
