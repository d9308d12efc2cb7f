"""Drills as the endpoints show them."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import RESPONSE_APPROVE, RESPONSE_PROPOSE
from shanzhi.city.modes.flow import LIVE, PROPOSED
from shanzhi.city.modes.models import Activation
from shanzhi.city.modes.shown import may
from shanzhi.city.people import queries as people
from shanzhi.command.drills import packs, queries, scoring, shapes
from shanzhi.work.orders import packs as orders
from shanzhi.work.orders.models import Order
from shanzhi.work.orders.promise import plan


def _behaviour(code: str) -> shapes.DrillBehaviourOut:
    given = packs.behaviour(code)
    says = [shapes.DrillSaidOut(zh, en) for zh, en in packs.words(given)]
    return shapes.DrillBehaviourOut(code, given.zh, given.en, says)


def _posts(codes: Iterable[str] | None = None) -> list[shapes.DrillWordOut]:
    wanted = None if codes is None else set(codes)
    return [
        shapes.DrillWordOut(kind.code, kind.zh, kind.en)
        for kind in people.post_kinds()
        if wanted is None or kind.code in wanted
    ]


def options_out() -> shapes.DrillOptionsOut:
    """What may be chosen."""
    return shapes.DrillOptionsOut([_behaviour(code) for code in packs.names()], _posts())


def drill_out(row: Activation, actor: Actor, at: datetime) -> shapes.DrillOut:
    """Who answers in a drill response, its score, and the curves of its orders."""
    drill, on = queries.drill_of(row.id), localdate(at)
    last = queries.last_choice(drill) if drill else None
    answered, visited = queries.simulated(row.id) if drill and last else (0, 0)
    may_choose = row.state in {PROPOSED, LIVE} and any(
        may(actor, one, row, on) for one in (RESPONSE_PROPOSE, RESPONSE_APPROVE)
    )
    return shapes.DrillOut(
        behaviour=_behaviour(drill.behaviour) if drill and drill.behaviour else None,
        real_posts=_posts(drill.real_posts) if drill and drill.real_posts else [],
        seed=drill.seed if drill else None,
        chosen_by=last.actor_name if last else "",
        chosen_at=last.at if last else None,
        may_choose=may_choose,
        answered=answered,
        visited=visited,
        score=drill.score if drill else None,
        scores=[
            shapes.DrillScoreOut(
                one.code, one.zh, one.en, one.share, one.seconds, one.weight, one.of, one.in_time, one.reached,
                one.points,
            )
            for one in (queries.scores_of(drill) if drill else [])
        ],
        measured_at=drill.measured_at if drill else None,
        over_at=drill.over_at if drill else None,
        curves=[_curve(order, row, at) for order in queries.orders_of(row.id)],
    )  # fmt: skip


def _curve(order: Order, row: Activation, at: datetime) -> shapes.DrillCurveOut:
    """How many had an order by the seconds for which its composer was told what to expect."""
    assert order.issued_at is not None and order.people
    gone = int((min(at, row.ended_at or at) - order.issued_at).total_seconds())
    curve: list[tuple[int, int]] = []
    if order.ladder in orders.ladders():
        ladder = orders.ladder(order.ladder)
        # As on the order's own page: a drill's messages all go somewhere.
        expected = plan(ladder, order.people, {step.channel for step in ladder.rungs if step.channel})
        curve = expected.curve if expected else []
    reached = scoring.reached_by(order, [second for second, _ in curve])
    return shapes.DrillCurveOut(
        order.id, order.number, order.title, order.people, orders.promise().seconds, gone,
        [
            shapes.DrillPointOut(second, people, had, said)
            for (second, people), (had, said) in zip(curve, reached, strict=True)
        ],
    )  # fmt: skip
