"""A drill: real orders, receipts and ladder, simulated people; nothing leaves the house."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils.timezone import localdate

from shanzhi.base.messaging.models import Message
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.city.places.models import Place, PlaceClosure
from shanzhi.command.drills import packs, scoring
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli import drill_city
from shanzhi.edge.exchange import drilling
from shanzhi.work.orders import actions, checking
from shanzhi.work.orders.drafting import Draft
from shanzhi.work.orders.models import Order, Receipt, Recipient

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("sink")]
AT = CLOCK_STANDS_AT = datetime(2026, 3, 9, 14, tzinfo=UTC)


@pytest.fixture
def district(clock: FixedClock) -> Place:
    return drill_city.seed("510107", 0.0002, clock.now())


def issue(district: Place, at: datetime) -> Order:
    lead, boss = (
        actor_for_account(Account.objects.get(username=name).id, "desk", localdate(at))
        for name in ("drill_lead", "drill_boss")
    )
    assert lead is not None and boss is not None
    draft = Draft(
        title="演练", sentence="请立即到岗。", place_ids=[district.id], post_kinds=["grid_worker", "grid_head"],
        until_at=at + timedelta(hours=1), ladder="urgent", is_drill=True,
    )  # fmt: skip
    order = actions.create(draft, actor=lead, at=at)
    actions.perform(order.id, "propose", actor=lead, at=at)
    return actions.perform(order.id, "confirm", actor=boss, at=at)


def test_the_city_of_a_drill_is_a_tree(district: Place) -> None:
    micro = Place.objects.filter(level="microgrid")
    assert micro.count() >= Place.objects.filter(level="grid").count() >= 1
    for place in micro[:20]:
        above = PlaceClosure.objects.filter(descendant=place).select_related("ancestor").order_by("-depth")
        assert [one.ancestor.level for one in above][-5:] == [
            "county",
            "street",
            "community",
            "grid",
            "microgrid",
        ]
        community, grid = above[len(above) - 3].ancestor, above[len(above) - 2].ancestor
        assert grid.code.startswith(community.code)
    doors = drilling.doors_at(list(micro.values_list("id", flat=True)), AT)
    assert len(doors) == micro.count() and all(40 <= homes <= 90 for homes in doors.values())
    # A second time it is there already.
    before = Account.objects.count()
    assert drill_city.seed("510107", 0.0002, AT) == district and Account.objects.count() == before


def test_a_drill_reaches_counts_and_scores(district: Place, clock: FixedClock) -> None:
    order = issue(district, clock.now())
    given = packs.behaviour()
    seconds: list[int] = []
    found = drilling.Drill(order, given, clock, seed=3).run(240, seconds.append)
    assert seconds == list(range(241)) and found.people == order.people
    # What was told of a person is what the rows say, and nobody answered twice.
    rows = Recipient.objects.filter(order=order, standing="own")
    assert np.isfinite(found.delivered).sum() == rows.exclude(delivered_at=None).count()
    assert np.isfinite(found.acknowledged).sum() == rows.exclude(acknowledged_at=None).count()
    answers = Receipt.objects.filter(answer__in=["acknowledged", "cannot"]).values_list(
        "recipient_id", flat=True
    )
    assert len(answers) == len(set(answers)) > 0
    assert (found.delivered <= found.acknowledged).all()
    # Sleeping phones were woken by messages, all of which went into the sink.
    assert found.sent_messages["sms"] > 0
    assert set(Message.objects.values_list("via", "state")) <= {("sink", "delivered"), ("sink", "cancelled")}
    assert checking.missing(clock.now()) == []
    assert {one.target.code for one in found.results} == {"reach", "acknowledge", "doors"}
    reach = next(one for one in found.results if one.target.code == "reach")
    assert reach.reached is not None and reach.points == 40
    assert 0 < found.score <= 100
    # Doors begin only after somebody acknowledged and got there.
    assert found.doors.min() > found.acknowledged.min()


def test_the_same_seed_tells_the_same(district: Place, clock: FixedClock) -> None:
    told = []
    for _ in range(2):
        order = issue(district, clock.now())
        found = drilling.Drill(order, packs.behaviour(), clock, seed=5).run(60, lambda _: None)
        told.append(sorted(np.round(found.acknowledged[np.isfinite(found.acknowledged)], 3)))
    assert told[0] == told[1]


def test_points_are_in_proportion() -> None:
    target = packs.Target("reach", "送达", "Delivered", "delivered", 0.8, 10, 40)
    values = np.array([1.0, 2.0, 20.0, np.inf])
    found = scoring.Outcome(4, values, values, values)
    result = scoring.score(target, found)
    assert (result.reached, result.share_in_time, result.points) == (None, 0.5, 40 * 0.5 / 0.8)
    assert scoring.score(target, scoring.Outcome(0, *[np.array([])] * 3)).points == 0
