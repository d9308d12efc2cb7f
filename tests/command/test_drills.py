"""A drill response in the live system, answered by simulated people: the same doors, marked, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils.timezone import localdate
from tests.scenarios.flood_night import Night
from tests.work.conftest import Town

from shanzhi.base.access import SYSTEM
from shanzhi.base.messaging import channels
from shanzhi.base.messaging.models import Message
from shanzhi.base.messaging.sender import Desk
from shanzhi.city.modes import actions as modes
from shanzhi.city.people.models import Account
from shanzhi.city.people.queries import actor_for_account
from shanzhi.command.drills import actions, answering, packs, scoring, walking
from shanzhi.command.drills.models import Drill, DrillEvent, DrillScore
from shanzhi.command.plans import packs as plans
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.outcomes import UNKNOWN
from shanzhi.edge.cli import drill_city
from shanzhi.edge.exchange import plan_drill
from shanzhi.work.cases.models import Case
from shanzhi.work.orders import folding, ladder
from shanzhi.work.orders import receipts as receipt_door
from shanzhi.work.orders.models import Order, Receipt, Recipient
from shanzhi.work.sweeps import folding as visit_folding
from shanzhi.work.sweeps import loop as sweeps
from shanzhi.work.sweeps import visits as visit_door
from shanzhi.work.sweeps.models import FollowUp, Share, Sweep, Turn, Visit

pytestmark = [pytest.mark.django_db, pytest.mark.once]
NIGHT = CLOCK_STANDS_AT = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)  # 22:00 of a Monday in Shanghai


@pytest.fixture
def night(sign_in: Callable[[str], Any], city: None, clock: FixedClock) -> Night:
    town = Town(clock)
    plans.load_all(town.district, actor=SYSTEM, at=clock.now())
    return Night(sign_in, town, clock)


def pass_time(clock: FixedClock, sink: Desk, seconds: int) -> None:
    """What the worker process does in that time, except for the drill's own job."""
    clock.advance(timedelta(seconds=seconds))
    ladder.take_due(clock.now())
    while sink.step():
        pass
    folding.fold(clock.now())
    visit_folding.fold(clock.now())
    sweeps.step(clock)


def answers(activation_id: UUID) -> list[tuple[Any, ...]]:
    found = Receipt.objects.filter(recipient__order__activation_id=activation_id)
    return list(found.order_by("id").values_list("id", "answer", "happened_at", "simulated"))


def test_simulated_people_answer_walk_and_are_scored_and_a_break_makes_nothing_twice(
    clock: FixedClock, sink: Desk
) -> None:
    at = clock.now()
    place = drill_city.seed("510107", 0.0002, at)
    drill_city.load_plans(place, at)
    lead, boss = (
        actor_for_account(Account.objects.get(username=name).id, "desk", localdate(at))
        for name in ("drill_lead", "drill_boss")
    )
    assert lead and boss
    row = plan_drill.switch_on("flood", 2, [place.id], plan_drill.Crew(lead, boss), at)
    actions.choose(row.id, actions.Choice("usual", seed=7), actor=boss, at=at)
    sweeps.step(clock)
    assert actions.ensure_all() == [row.id]
    given = packs.behaviour()
    for number in range(45):  # a quarter of an hour
        pass_time(clock, sink, 20)
        due = [
            answering.due(one, answering.Crowd(given.people, 7), clock.now())
            for one in Order.objects.filter(activation_id=row.id).order_by("issued_at", "id")
        ]
        before = answers(row.id)
        if number == 3:  # killed in the middle of it: nothing of it is there
            with pytest.raises(KeyboardInterrupt), transaction.atomic():
                assert actions.step(row.id, clock.now()).stored > 0
                raise KeyboardInterrupt
            assert answers(row.id) == before
        stored = actions.step(row.id, clock.now()).stored
        # The seed and the rows say everything: what was due is there, with the instants that were drawn.
        there = {one[0]: one[2] for one in answers(row.id)}
        for one in (submission for found in due for submission in found):
            assert there[one.given.id] == one.given.happened_at
        # At once again, before anything is folded: everything is known.
        assert actions.step(row.id, clock.now()).stored == 0
        assert stored >= len(there) - len(before)
    own = Recipient.objects.filter(order__activation_id=row.id, standing="own")
    answered = own.exclude(acknowledged_at=None).count() / own.count()
    assert own.count() > 100 and answered == pytest.approx(given.people.answers, abs=0.06)

    [sweep] = Sweep.objects.filter(activation_id=row.id)
    for _ in range(50):
        pass_time(clock, sink, 180)
        actions.step(row.id, clock.now())
    pass_time(clock, sink, 1)
    visits, turn = Visit.objects.filter(sweep_id=sweep.id), Turn.objects.get(sweep=sweep)
    doors = visits.values("piece_id", "door").distinct().count()
    assert visits.count() == doors == turn.visited + turn.absent + turn.refused + turn.help
    walks = Share.objects.filter(
        sweep_id=sweep.id, account_id__in=own.exclude(acknowledged_at=None).values("account_id")
    )
    assert doors <= sum(len(one.doors) for one in walks) and doors > 0.7 * turn.doors
    # Marked, into the sink, and without consequence for anybody real.
    assert {one[3] for one in answers(row.id) if one[1] in {"acknowledged", "cannot"}} == {True}
    assert not visits.filter(simulated=False).exists()
    assert set(Message.objects.values_list("via", flat=True)) <= {channels.SINK}
    assert not Case.objects.exists()
    assert set(FollowUp.objects.values_list("state", flat=True)) == {"dismissed"}

    modes.perform(row.id, "end", modes.Given(reason="演练结束"), actor=boss, at=clock.now())
    count = Receipt.objects.count(), Visit.objects.count()
    assert not actions.step(row.id, clock.now()).goes_on
    drill = Drill.objects.get()
    assert drill.over_at == drill.measured_at == clock.now()
    measured = scoring.outcome_of(row, given)
    assert drill.score == pytest.approx(measured.score) and 0 < measured.score <= 100
    assert [one.code for one in DrillScore.objects.order_by("position")] == ["reach", "doors", "mobilised"]
    clock.advance(timedelta(hours=1))
    assert actions.step(row.id, clock.now()) == actions.Step() and actions.ensure_all() == []
    assert (Receipt.objects.count(), Visit.objects.count()) == count


def test_in_earnest_nobody_is_simulated(night: Night, clock: FixedClock) -> None:
    row = night.switch_on(2)
    status, refused = night.boss.post(f"/api/drills/{row['id']}", {"behaviour": "usual"})
    assert (status, refused["error"]["code"]) == (422, "drill-not-a-drill")
    assert night.boss.get(f"/api/drills/{row['id']}")[0] == 404
    assert not Drill.objects.exists() and not DrillEvent.objects.exists() and actions.ensure_all() == []
    # Nor by the doors themselves, whoever might knock.
    one = Recipient.objects.filter(order__activation_id=row["id"]).first()
    assert one is not None
    given = receipt_door.GivenReceipt(
        id=answering.answer_id(one.id, False), area=one.area, recipient=one.id, answer="acknowledged",
        happened_at=clock.now(),
    )  # fmt: skip
    share = Share.objects.filter(
        sweep_id__in=Sweep.objects.filter(activation_id=row["id"]).values("id")
    ).first()
    assert share is not None
    visit = visit_door.read(
        f'{{"id":"{one.id}","area":"{share.area}","piece":"{share.piece_id}","door":{share.doors[0]},'
        f'"result":"absent","happened_at":"{clock.now().isoformat()}"}}'.encode()
    )
    with connection.cursor() as cursor:
        taken = receipt_door.take(
            cursor, [receipt_door.submission(one.account_id, given)], clock.now(), simulated=True
        )
        walked = visit_door.take(
            cursor, [visit_door.submission(share.account_id, visit)], clock.now(), simulated=True
        )
    assert [one.status for one in taken + walked] == [UNKNOWN, UNKNOWN]
    assert not Receipt.objects.exists() and not Visit.objects.exists()


def test_whoever_takes_part_answers_for_themselves(night: Night, clock: FixedClock) -> None:
    row = night.switch_on(2, is_drill=True)
    url = f"/api/drills/{row['id']}"
    for body, field in (
        ({"behaviour": "nobody"}, "behaviour"),
        ({"behaviour": "usual", "real_posts": ["pilot"]}, "real_posts"),
        ({"behaviour": "usual", "seed": -1}, "seed"),
    ):
        status, refused = night.boss.post(url, body)
        assert (status, refused["error"]["field"]) == (422, field)
    assert night.sign_in("wangge").post(url, {"behaviour": "usual"})[0] == 403
    assert not DrillEvent.objects.exists()
    status, chosen = night.lead.post(url, {"behaviour": "usual", "real_posts": ["grid_helper"]})
    assert status == 200 and [one["code"] for one in chosen["real_posts"]] == ["grid_helper"]
    assert night.answer(["s0"]) > 0
    for _ in range(20):
        night.step(2)
        actions.step(UUID(row["id"]), clock.now())
    night.step()
    helpers = Recipient.objects.filter(post__kind_id="grid_helper", order__activation_id=row["id"])
    assert helpers.exists() and not Receipt.objects.filter(recipient__in=helpers).exists()
    simulated = Receipt.objects.filter(simulated=True).exclude(answer="delivered")
    assert simulated.exists() and not simulated.filter(recipient__account=night.town.workers["s0"]).exists()
    real = {night.town.workers[name].id for name in ("s0", "s4", "s5")}
    walked = set(Visit.objects.values_list("account_id", flat=True))
    assert walked and not walked & real
    # A person sees that somebody simulated has answered, and a page the score beside the promised curve.
    name = next(
        name for name, one in night.town.workers.items() if simulated.filter(recipient__account=one).exists()
    )
    mine = night.sign_in(name).get("/api/orders/mine")[1]["orders"]
    assert {one["simulated"] for one in mine if one["is_drill"]} == {True}
    boss = night.sign_in("zhihui")  # an hour has passed
    page = boss.get(url)[1]
    assert page["behaviour"]["says"] and page["answered"] and page["visited"] and page["scores"]
    for curve in page["curves"]:
        had = [one["delivered"] for one in curve["points"]]
        assert had == sorted(had) and 0 < had[-1] <= curve["people"] and curve["until_second"] == 2400
    # Real people alone: nothing more is simulated.
    assert boss.post(url, {})[1]["behaviour"] is None
    before = Receipt.objects.count(), Visit.objects.count()
    night.step(30)
    assert actions.step(UUID(row["id"]), clock.now()).stored == 0
    assert (Receipt.objects.count(), Visit.objects.count()) == before


def test_draws_follow_from_seed_and_person() -> None:
    ids = [UUID(int=n * 2**64 + n) for n in range(20_000)]
    from shanzhi.command.drills.people import manners

    given = packs.behaviour().people
    one, again = (
        manners(given, 3, ids, [True] * len(ids)),
        manners(given, 3, ids[5:], [True] * (len(ids) - 5)),
    )
    assert (one.app[5:] == again.app).all() and (one.willing[5:] == again.willing).all()
    assert (manners(given, 4, ids, [True] * len(ids)).app != one.app).any()
    assert one.willing.mean() == pytest.approx(given.answers, abs=0.01)
    assert 1 - one.awake.mean() == pytest.approx(given.asleep_share, abs=0.01)
    assert sorted(one.app)[len(ids) // 2] == pytest.approx(given.app.answer_median, rel=0.03)
    assert walking.HELP.startswith("模拟") and answering.CANNOT.startswith("模拟")


def test_a_post_that_has_ended_keeps_nobody_from_being_simulated(audience: Any) -> None:
    still, ended, *_ = audience.posts
    ended.to_on = localdate(audience.at)
    ended.save()
    people = [still.account_id, ended.account_id]
    found = walking.starts(people, uuid7(), audience.at, [audience.kind.code])
    assert found.tolist() == [float("inf"), 0.0]
