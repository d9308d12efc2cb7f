"""Transfers to a doctor (转运): one door, two clocks; the way to ask for one is never closed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ISOLATION_MANAGE
from shanzhi.base.clocks import actions as clocks
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import NotFound, Refused
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.isolation import ending, packs, queries, recording
from shanzhi.scenes.isolation.flow import (
    ACCEPTED,
    ASKED,
    HANDED_OVER,
    ISOLATION,
    LIVE,
    RESIDENT,
    TRANSFER,
    TRANSFER_OPEN,
    TRANSFERRED,
    Subject,
    Why,
)
from shanzhi.scenes.isolation.models import Isolation, Transfer

_CLOCKS = {ASKED: "transfer_accept", ACCEPTED: "transfer_finish"}


def open_one(isolation: Isolation) -> Transfer | None:
    """The transfer that is open, if one is."""
    found: Transfer | None = Transfer.objects.filter(
        area=isolation.area, isolation=isolation, state__in=TRANSFER_OPEN
    ).first()
    return found


def ask(
    isolation: Isolation, why: Any, *, actor: Actor, at: datetime, text: str = ""
) -> tuple[Transfer, bool]:
    """Ask for a transfer (提出转运), whatever the state of the isolation; it, and whether it is new.

    One that is open already is the answer: asking again, or twice at once, makes no second.
    """
    if (known := open_one(isolation)) is not None:
        return known, False
    due_at = at + timedelta(minutes=packs.care().transfer.accept_minutes)
    try:
        with transaction.atomic():
            made = Transfer.objects.create(
                area=isolation.area, isolation=isolation, place_id=isolation.place_id, why=why,
                asked_by=actor.name[:60], asked_at=at, due_at=due_at,
            )  # fmt: skip
            clocks.start([clocks.Turn(made.area, made.id, _CLOCKS[ASKED], at, due_at)])
            recording.event(
                isolation, "ask", actor, at, subject=Subject.TRANSFER, subject_id=made.id, target=ASKED,
                text=text,
            )  # fmt: skip
    except IntegrityError:
        known = open_one(isolation)
        if known is None:
            raise
        return known, False
    return made, True


def ask_by_staff(
    area: str, isolation_id: UUID, reason: str, *, actor: Actor, at: datetime
) -> tuple[Transfer, bool]:
    """An officer or a worker asks for one. Raises NotFound, InvalidInput naming `reason`."""
    said = text_of(reason, "reason", "理由", "The reason", 200)
    isolation = queries.touched_by(actor, area, isolation_id, at)
    return ask(isolation, Why.STAFF, actor=actor, at=at, text=said)


def perform(
    area: str, transfer_id: UUID, verb: str, *, actor: Actor, at: datetime, reason: str = ""
) -> Transfer:
    """Accept, set off, hand over, come back, not needed; take back by the person themselves.

    Raises NotFound, Refused, UnknownEdge, InvalidInput naming `reason`.
    """
    with transaction.atomic():
        transfer = Transfer.objects.select_for_update().filter(area=area, id=transfer_id).first()
        if transfer is None:
            raise NotFound(field="id")
        isolation = Isolation.objects.select_for_update().get(area=area, id=transfer.isolation_id)
        on = localdate(at)
        if (
            actor.channel != RESIDENT
            and not queries.visible_to(actor, on).filter(area=area, id=isolation.id).exists()
        ):
            raise NotFound(field="id")
        edge = TRANSFER.edge(transfer.state, verb)
        _check(edge, actor, isolation, at)
        said = text_of(reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        _move(transfer, edge, at)
        event = recording.event(
            isolation, verb, actor, at, subject=Subject.TRANSFER, subject_id=transfer.id, source=edge.source,
            target=edge.target, text=said,
        )  # fmt: skip
        if edge.target == HANDED_OVER and isolation.state in LIVE:
            _end_isolation(isolation, actor, at)
        if actor.channel != RESIDENT:
            recording.tell(isolation, event.id, at)
    return transfer


def _check(edge: Edge, actor: Actor, isolation: Isolation, at: datetime) -> None:
    if edge.capability == RESIDENT:
        if actor.channel != RESIDENT:
            raise Refused
    elif actor.channel == RESIDENT or not queries.in_reach(
        actor, ISOLATION_MANAGE, isolation.place_id, localdate(at)
    ):
        raise Refused


def _move(transfer: Transfer, edge: Edge, at: datetime) -> None:
    transfer.state = edge.target
    final = TRANSFER.state(edge.target).final
    turns = [clocks.Turn(transfer.area, transfer.id, name, at) for name in _CLOCKS.values()]
    if edge.target == ACCEPTED:
        transfer.due_at = at + timedelta(minutes=packs.care().transfer.finish_minutes)
        clocks.stop(turns[:1])
        clocks.start([clocks.Turn(transfer.area, transfer.id, _CLOCKS[ACCEPTED], at, transfer.due_at)])
    if final:
        transfer.ended_at = at
        clocks.stop(turns)
    transfer.save(update_fields=["state", "due_at", "ended_at"])


def _end_isolation(isolation: Isolation, actor: Actor, at: datetime) -> None:
    """Whoever is with a hospital is isolated at home no longer."""
    source = isolation.state
    isolation.state = ISOLATION.edge(source, "hand_over").target
    isolation.ended_at = at
    isolation.save(update_fields=["state", "ended_at"])
    recording.event(isolation, "hand_over", actor, at, source=source, target=TRANSFERRED)
    ending.after(isolation.area, [isolation.id], at)
