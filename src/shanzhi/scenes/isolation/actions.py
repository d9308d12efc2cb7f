"""The verbs of an isolation: the one door of its state. Check-ins, transfers and services have doors of their own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ISOLATION_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.isolation import beginning, ending, queries, recording
from shanzhi.scenes.isolation.beginning import NewIsolation, begin
from shanzhi.scenes.isolation.errors import NotYetFree, SecondPerson
from shanzhi.scenes.isolation.flow import ISOLATION, PROPOSED, RESIDENT
from shanzhi.scenes.isolation.models import Isolation, IsolationEvent

__all__ = ["NewIsolation", "begin", "begin_referred", "leave", "perform", "reveal", "set_messages"]

_BY_THEMSELVES = frozenset({"begin", "hand_over", "finish", "lapse", "leave"})


def _locked(area: str, isolation_id: UUID, actor: Actor, at: datetime) -> Isolation:
    """Lock one that the actor sees. Raises NotFound, Refused."""
    queries.isolation_for(actor, area, isolation_id, at)
    found = queries.isolation_for_writer(area, isolation_id, lock=True)
    if not queries.in_reach(actor, ISOLATION_MANAGE, found.place_id, localdate(at)):
        raise Refused(what_zh="管理居家隔离", what_en="manage home-isolation care")
    return found


def perform(
    area: str, isolation_id: UUID, verb: str, *, actor: Actor, at: datetime, reason: str = ""
) -> Isolation:
    """Propose, sign or send back a release, withdraw, drop.

    Raises NotFound, Refused, UnknownEdge, NotYetFree, SecondPerson, InvalidInput naming `reason`.
    """
    with transaction.atomic():
        isolation = _locked(area, isolation_id, actor, at)
        edge = ISOLATION.edge(isolation.state, verb)
        if verb in _BY_THEMSELVES:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such step.")
        said = text_of(reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        _check(isolation, edge, actor, at)
        _move(isolation, edge, actor, at)
        event = recording.event(isolation, verb, actor, at, source=edge.source, target=edge.target, text=said)
        if edge.source == PROPOSED or isolation.ended_at is not None:
            recording.tell(isolation, event.id, at)
        if isolation.ended_at is not None:
            ending.after(area, [isolation.id], at)
    return isolation


def _check(isolation: Isolation, edge: Edge, actor: Actor, at: datetime) -> None:
    on = localdate(at)
    if actor.account_id is None:
        raise Refused
    if edge.verb == "propose_release":
        _require_free(isolation, at)
    if edge.verb.startswith("sign_"):
        if actor.account_id == isolation.proposed_by_id:
            raise SecondPerson
        if edge.verb != queries.signing(isolation, on):
            raise InvalidInput(
                field="verb", reason_zh="签发方式与健康监测天数不符，请刷新。",
                reason_en="It does not fit the days of monitoring: reload.",
            )  # fmt: skip
        newest = (
            IsolationEvent.objects.filter(
                area=isolation.area, isolation_id=isolation.id, verb__startswith="propose_"
            )
            .order_by("-at", "-id")
            .values_list("verb", flat=True)
            .first()
        )
        if newest == "propose_release":
            _require_free(isolation, at)  # a result may have been corrected since


def _require_free(isolation: Isolation, at: datetime) -> None:
    lacking = queries.missing_of(isolation, queries.schedule_of(isolation, localdate(at)), at)
    if lacking:
        raise NotYetFree(
            missing_zh="；".join(one.zh for one in lacking), missing_en="; ".join(one.en for one in lacking)
        )


def _move(isolation: Isolation, edge: Edge, actor: Actor, at: datetime) -> None:
    isolation.state = edge.target
    if edge.target == PROPOSED:
        isolation.proposed_by_id = actor.account_id
    elif edge.verb == "send_back":
        isolation.proposed_by_id = None
    if edge.verb.startswith("sign_"):
        isolation.signed_by = actor.name[:60]
    if ISOLATION.state(edge.target).final:
        isolation.ended_at = at
    isolation.save(update_fields=["state", "proposed_by_id", "signed_by", "ended_at"])


def begin_referred(
    area: str, isolation_id: UUID, new: NewIsolation, *, actor: Actor, at: datetime
) -> Isolation:
    """Begin what a tracer referred, as it was checked. Raises as `begin`."""
    with transaction.atomic():
        isolation = _locked(area, isolation_id, actor, at)
        return beginning.begin_referred(isolation, new, actor=actor, at=at)


def leave(isolation: Isolation, *, at: datetime) -> Isolation:
    """End one's own voluntary monitoring (本人结束). Raises Refused where it is not voluntary, UnknownEdge."""
    with transaction.atomic():
        locked = queries.isolation_for_writer(isolation.area, isolation.id, lock=True)
        edge = ISOLATION.edge(locked.state, "leave")
        if not locked.is_voluntary or edge.capability != RESIDENT:
            raise Refused(what_zh="自行结束", what_en="end it yourself")
        locked.state, locked.ended_at = edge.target, at
        locked.save(update_fields=["state", "ended_at"])
        recording.event(locked, "leave", queries.resident(), at, source=edge.source, target=edge.target)
        ending.after(locked.area, [locked.id], at)
    return locked


def set_messages(isolation: Isolation, wanted: bool, *, at: datetime) -> None:
    """Whether the person wants reminders on their telephone (是否接收提醒): their own choice, at any time."""
    with transaction.atomic():
        Isolation.objects.filter(area=isolation.area, id=isolation.id).update(may_message=wanted)
        verb = "messages_on" if wanted else "messages_off"
        recording.event(isolation, verb, queries.resident(), at)


_REVEALED = ("name", "phone", "door", "household", "emergency", "needs")


def reveal(area: str, isolation_id: UUID, reason: str, *, actor: Actor, at: datetime) -> dict[str, Any]:
    """Name, telephone, door, household and needs in full; who asked and why is recorded (明文查看).

    Raises NotFound, InvalidInput naming `reason`.
    """
    said = text_of(reason, "reason", "理由", "The reason", 200)
    isolation = queries.touched_by(actor, area, isolation_id, at)
    if isolation.ended_at is not None and not queries.in_reach(
        actor, ISOLATION_MANAGE, isolation.place_id, localdate(at)
    ):
        raise NotFound(field="id")
    with transaction.atomic():
        audit.record_reveal(
            actor=actor, area=area, subject=str(isolation.id),
            detail={"what": "isolation", "number": isolation.number, "reason": said}, at=at,
        )  # fmt: skip
        recording.event(isolation, "reveal", actor, at)
    found = {name: getattr(isolation, name) or "" for name in _REVEALED}
    # A worker gets no address of the page: who holds it speaks for the person.
    on = localdate(at)
    manages = queries.in_reach(actor, ISOLATION_MANAGE, isolation.place_id, on)
    return found | {"link": queries.link_of(isolation) if manages else ""}
