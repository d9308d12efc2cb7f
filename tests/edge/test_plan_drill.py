"""A drill of a whole plan: switched on by two people, answered, walked, scored by the plan's own targets, ended."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from django.utils.timezone import localdate

from shanzhi.base.messaging import channels
from shanzhi.base.messaging.models import Message
from shanzhi.city.modes import actions as modes
from shanzhi.city.modes.errors import SecondDecider
from shanzhi.city.modes.models import Activation
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.command.drills import packs, scoring
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli import drill_city
from shanzhi.edge.exchange import plan_drill
from shanzhi.work.cases.models import Case
from shanzhi.work.orders.models import Order, Receipt, Recipient
from shanzhi.work.sweeps.models import Sweep, Turn, Visit

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("sink")]
AT = CLOCK_STANDS_AT = datetime(2026, 3, 9, 14, tzinfo=UTC)


def crew(at: datetime) -> plan_drill.Crew:
    lead, boss = (
        actor_for_account(Account.objects.get(username=name).id, "desk", localdate(at))
        for name in ("drill_lead", "drill_boss")
    )
    assert lead is not None and boss is not None
    return plan_drill.Crew(lead, boss)


def test_a_plan_is_drilled_from_its_approval_to_its_end(clock: FixedClock) -> None:
    at = clock.now()
    place = drill_city.seed("510107", 0.0002, at)
    drill_city.load_plans(place, at)
    two = crew(at)
    with pytest.raises(SecondDecider):
        plan_drill.switch_on("flood", 2, [place.id], plan_drill.Crew(two.boss, two.boss), at)
    assert not Activation.objects.filter(live_at__isnull=False).exists()
    row = plan_drill.switch_on("flood", 2, [place.id], two, at)
    orders, [sweep] = Order.objects.filter(activation_id=row.id), Sweep.objects.filter(activation_id=row.id)
    assert row.is_drill and orders and all(one.is_drill for one in orders) and sweep.is_drill

    phases: dict[str, int] = {}
    drill = plan_drill.PlanDrill(row, packs.behaviour(), clock, seed=3)
    found = drill.run(240, lambda phase, done, whole: phases.__setitem__(phase, done))
    assert set(phases) == {"orders", "doors"}
    assert found.people == Recipient.objects.filter(order__in=orders, standing="own").count() > 0
    # Whoever acknowledged was reached before; every door of the score is a door of the snapshot.
    known = np.isfinite(found.acknowledged)
    assert (found.delivered[known] <= found.acknowledged[known]).all() and 0 < known.sum() < found.people
    turn = Turn.objects.get(sweep=sweep)
    assert len(found.doors) == turn.doors == sweep.doors
    seen = Visit.objects.filter(sweep_id=sweep.id)
    assert (
        seen.count()
        == np.isfinite(found.doors).sum()
        == turn.visited + turn.absent + turn.refused + turn.help
    )
    # Doors of people who never acknowledged stay open.
    assert 0 < seen.count() < turn.doors
    assert {one.target.code for one in found.results} == {"reach", "mobilised", "doors"}
    assert sum(one.target.weight for one in found.results) == pytest.approx(100)
    assert 0 < found.score <= 100
    # What the rows tell is what the simulation told: the same score.
    measured = scoring.outcome_of(row, packs.behaviour())
    assert measured.score == pytest.approx(found.score, abs=0.1) and len(measured.doors) == turn.doors
    assert not Receipt.objects.filter(simulated=False, answer__in=["acknowledged", "cannot"]).exists()
    assert not seen.filter(simulated=False).exists()
    # Nothing leaves the house, and nobody's need of a drill becomes a case.
    assert set(Message.objects.values_list("via", flat=True)) <= {channels.SINK}
    assert not Case.objects.exists()

    modes.perform(row.id, "end", modes.Given(reason="演练结束"), actor=two.boss, at=clock.now())
    assert set(Order.objects.filter(activation_id=row.id).values_list("state", flat=True)) == {"ended"}
    assert Sweep.objects.get(id=sweep.id).state == "ended"
