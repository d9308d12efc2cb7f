"""The verbs of drills: who answers is chosen, time passes. The only writers."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import RESPONSE_APPROVE, RESPONSE_PROPOSE
from shanzhi.base.audit import actions as audit
from shanzhi.city.modes import deciding
from shanzhi.city.modes import queries as modes
from shanzhi.city.modes.flow import LIVE, PROPOSED, REFUSED, WITHDRAWN
from shanzhi.city.modes.models import Activation
from shanzhi.city.people import queries as people
from shanzhi.command.drills import answering, packs, scoring, walking
from shanzhi.command.drills.errors import DrillOver, NotADrill
from shanzhi.command.drills.models import Drill, DrillEvent, DrillScore
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.work.orders import folding
from shanzhi.work.orders.models import Order
from shanzhi.work.sweeps.flow import ISSUED
from shanzhi.work.sweeps.models import Sweep, Turn

AT_ONCE = 5000  # answers, and visits, of one step
MEASURE = timedelta(seconds=20)
MOST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Choice:
    """Who answers: simulated people of a behaviour, or (empty) real people alone.

    Holders of `real_posts` answer themselves in any case. Without a seed it follows from the response's number.
    """

    behaviour: str = ""
    real_posts: Sequence[str] = ()
    seed: int | None = None


def capability_of(row: Activation, actor: Actor) -> str:
    """By which capability an actor chooses: whoever proposes or approves responses."""
    return RESPONSE_APPROVE if actor.can(RESPONSE_APPROVE) else RESPONSE_PROPOSE


def choose(activation_id: UUID, choice: Choice, *, actor: Actor, at: datetime) -> Drill:
    """Choose who answers in a drill (选择应答人员), before it is live or while it is; then it begins by itself.

    Raises NotFound, Refused, OutsideYourPlaces, NotADrill for a real response, DrillOver, InvalidInput naming
    behaviour, real_posts or seed; then nothing has changed.
    """
    on = localdate(at)
    with transaction.atomic():
        if not modes.visible_to(actor, on).filter(id=activation_id).exists():
            raise NotFound(field="id")
        row = Activation.objects.select_for_update().get(id=activation_id)
        capability = capability_of(row, actor)
        actor.require(capability)
        deciding.places_within(actor, capability, row.place_ids, on, closed_too=True)
        if not row.is_drill:
            raise NotADrill(field="id")
        if row.state not in {PROPOSED, LIVE}:
            raise DrillOver
        _check(choice)
        real = sorted(set(choice.real_posts)) if choice.behaviour else []
        drill = _ensured(row)
        drill.behaviour, drill.real_posts = choice.behaviour, real
        drill.seed = drill.seed if choice.seed is None else choice.seed
        drill.save()
        DrillEvent.objects.create(
            drill=drill, behaviour=drill.behaviour, real_posts=drill.real_posts, seed=drill.seed,
            actor_id=actor.account_id, actor_name=actor.name[:60], at=at,
        )  # fmt: skip
        audit.record(
            actor=actor, event="drill.choose", area=modes.areas_of(row.place_ids)[0], subject=str(row.id),
            detail={"number": row.number, "behaviour": drill.behaviour, "real_posts": real}, at=at,
        )  # fmt: skip
    return drill


def _check(choice: Choice) -> None:
    if choice.behaviour:
        packs.behaviour(choice.behaviour)
    known = {kind.code for kind in people.post_kinds()}
    if unknown := sorted(set(choice.real_posts) - known):
        raise InvalidInput(
            field="real_posts", reason_zh=f"没有岗位“{unknown[0]}”。", reason_en=f"There is no post {unknown[0]}."
        )  # fmt: skip
    if choice.seed is not None and not 0 <= choice.seed <= MOST_SEED:
        raise InvalidInput(
            field="seed", reason_zh=f"随机种子应为 0 至 {MOST_SEED}。", reason_en=f"A seed is 0 to {MOST_SEED}."
        )  # fmt: skip


def _ensured(row: Activation) -> Drill:
    drill, _ = Drill.objects.get_or_create(
        activation_id=row.id, defaults={"seed": zlib.crc32(row.number.encode()) & MOST_SEED}
    )
    return drill


def ensure_all() -> list[UUID]:
    """Every drill that is live is known, by real people unless chosen otherwise; the drills that are not over."""
    known = Drill.objects.values_list("activation_id", flat=True)
    for row in Activation.objects.filter(is_drill=True, state=LIVE).exclude(id__in=known):
        _ensured(row)
    return list(Drill.objects.filter(over_at=None).values_list("activation_id", flat=True))


@dataclass(frozen=True)
class Step:
    """What a step did: how many answers and visits were stored, whether more are due, whether time goes on."""

    stored: int = 0
    more: bool = False
    goes_on: bool = False


def step(activation_id: UUID, at: datetime) -> Step:
    """Give what simulated people have done by now, and measure (演练推进): one transaction, one at a time.

    Done again, or after a break, it goes on from the rows. When the response has ended, it measures once more and the
    drill is over.
    """
    with transaction.atomic():
        drill = (
            Drill.objects.select_for_update(skip_locked=True)
            .filter(activation_id=activation_id, over_at=None)
            .first()
        )
        if drill is None:
            return Step()
        row = Activation.objects.get(id=activation_id)
        if row.state == PROPOSED:
            return Step()
        if row.state != LIVE:
            if row.state not in {REFUSED, WITHDRAWN}:
                folding.fold(at)
                _measure(drill, row, at)
            walking.forget()
            drill.over_at = at
            drill.save(update_fields=["over_at"])
            return Step()
        found = _act(drill, row, at) if drill.behaviour else Step()
        if drill.measured_at is None or at - drill.measured_at >= MEASURE:
            _measure(drill, row, at)
    return found


def _act(drill: Drill, row: Activation, at: datetime) -> Step:
    given = packs.behaviour(drill.behaviour)
    crowd = answering.Crowd(given.people, drill.seed, drill.real_posts)
    stored, left = 0, False
    for order in Order.objects.filter(activation_id=row.id, is_drill=True, state=ISSUED).order_by(
        "issued_at", "id"
    ):
        due = answering.due(order, crowd, at)
        stored += answering.send(due[:AT_ONCE], at)
        left = left or len(due) > AT_ONCE
    for sweep in Sweep.objects.filter(activation_id=row.id, is_drill=True, state=ISSUED).order_by(
        "issued_at", "id"
    ):
        for turn in Turn.objects.filter(sweep=sweep, opens_at__lte=at, closes_at__gt=at).order_by("number"):
            walkers = walking.Walkers(
                sweep, turn, walking.kept_lists(sweep.id, turn.number, given.doors, drill.seed)
            )
            lists = walkers.lists
            due_now = walking.due(
                lists, walking.starts(lists.accounts, row.id, walkers.begun_at, drill.real_posts),
                walking.open_doors(lists, sweep.id, turn.number), (at - walkers.begun_at).total_seconds(), AT_ONCE,
            )  # fmt: skip
            stored += walkers.send(due_now, at)
            left = left or len(due_now.numbers) == AT_ONCE
    return Step(stored, left and stored > 0, True)


def _measure(drill: Drill, row: Activation, at: datetime) -> None:
    found = scoring.outcome_of(row, packs.behaviour(drill.behaviour or packs.USUAL))
    DrillScore.objects.filter(drill=drill).delete()
    DrillScore.objects.bulk_create(
        DrillScore(
            drill=drill, position=position, code=one.target.code, zh=one.target.zh, en=one.target.en,
            share=one.target.share, seconds=one.target.seconds, weight=one.target.weight,
            of=(of := len(getattr(found, one.target.measure))), in_time=round(one.share_in_time * of),
            reached=one.reached, points=one.points,
        )
        for position, one in enumerate(found.results)
    )  # fmt: skip
    drill.score, drill.measured_at = (found.score if found.results else None), at
    drill.save(update_fields=["score", "measured_at"])
