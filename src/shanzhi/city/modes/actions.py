"""The verbs of responses: the only writers. Everything goes through `propose` and `perform`, or ends by the clock."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import LABELS, RESPONSE_PROPOSE
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.modes import deciding, parts, queries, rules, running, standing
from shanzhi.city.modes.contents import LevelContent, plain, read
from shanzhi.city.modes.errors import DocumentUsed, LevelNotSo, NoticeMissing, ResponseOver
from shanzhi.city.modes.flow import LIVE, RESPONSE
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import text_of

TOPIC = "modes"
MOST_PLACES = 200
_NUMBERS = 0x6D6F6465  # the lock under which responses are numbered and become live: "mode"


@dataclass(frozen=True)
class Proposal:
    """A response as it is proposed: which plan at which level, where, on what basis, until when.

    `levels` are all levels of the plan; the one meant must hold a public notice.
    """

    plan: str
    plan_version: int
    hazard: str
    title: str
    level: int
    levels: tuple[LevelContent, ...]
    place_ids: tuple[UUID, ...]
    basis: str
    document: str
    last_on: date
    exit_zh: str
    exit_en: str
    exit_phone: str
    why_so_large: str = ""
    is_drill: bool = False
    reason: str = ""
    title_en: str = ""


@dataclass(frozen=True)
class Given:
    """What goes with a verb, where its edge asks for it; raising may bring a new basis and document."""

    reason: str = ""
    level: int | None = None
    last_on: date | None = None
    document: str = ""
    basis: str = ""
    why_so_large: str = ""


def _number(at: datetime) -> str:
    """The next number of the day: XY (响应) and the day, then 001 …"""
    day = localdate(at).strftime("%Y%m%d")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
        cursor.execute("SELECT count(*) FROM modes_activation WHERE number LIKE %s", [f"XY{day}-%"])
        row = cursor.fetchone()
    return f"XY{day}-{(row[0] if row else 0) + 1:03d}"


def _account(actor: Actor, capability: str) -> UUID:
    if actor.account_id is None:
        zh, en = LABELS[capability]
        raise Refused(what_zh=zh, what_en=en)
    return actor.account_id


def drafted(proposal: Proposal, *, actor: Actor, at: datetime) -> Activation:
    """A proposal, checked, as the row it would be; nothing is written.

    Raises Refused, NotFound, OutsideYourPlaces, InvalidInput naming the field, and whatever the rules forbid:
    AreaTooLarge, AreaNeverSoLarge, LastDayTooLate, LastDayNotLater, NoticeMissing.
    """
    actor.require(RESPONSE_PROPOSE)
    on = localdate(at)
    content = next((one for one in proposal.levels if one.level == proposal.level), None)
    if content is None:
        raise NotFound(field="level")
    wanted = list(dict.fromkeys(proposal.place_ids))
    if not 1 <= len(wanted) <= MOST_PLACES:
        raise InvalidInput(
            field="place_ids", reason_zh=f"请选择 1 至 {MOST_PLACES} 个区域。",
            reason_en=f"Choose 1 to {MOST_PLACES} places.",
        )  # fmt: skip
    there = deciding.places_within(actor, RESPONSE_PROPOSE, wanted, on)
    why = text_of(proposal.why_so_large, "why_so_large", "范围理由", "Why so large", 300, needed=False)
    rules.check_area(content, there, why)
    rules.check_last_day(proposal.last_on, rules.limit_of(content, on), on, content.days)
    if not content.parts.get("notices"):
        raise NoticeMissing(field="level")
    return Activation(
        plan=proposal.plan, plan_version=proposal.plan_version, hazard=proposal.hazard,
        title=text_of(proposal.title, "title", "名称", "The title", 80), title_en=proposal.title_en[:80],
        level=content.level,
        state=RESPONSE.initial, place_ids=deciding.tops(wanted, on), is_drill=proposal.is_drill,
        is_compulsory=content.confines,
        basis=text_of(proposal.basis, "basis", "法律依据", "The legal basis", 200),
        document=text_of(proposal.document, "document", "文号", "The document number", 80), why_so_large=why,
        exit_zh=text_of(proposal.exit_zh, "exit_zh", "就医通道", "The way to medical care", 200),
        exit_en=text_of(proposal.exit_en, "exit_en", "就医通道（英文）", "The way to medical care (English)", 300),
        exit_phone=text_of(proposal.exit_phone, "exit_phone", "就医电话", "The medical telephone", 40),
        content=plain(content), levels=[plain(one) for one in proposal.levels],
        proposed_by_id=_account(actor, RESPONSE_PROPOSE), proposed_by=actor.name[:60], proposed_at=at,
        last_on=proposal.last_on,
    )  # fmt: skip


def propose(proposal: Proposal, *, actor: Actor, at: datetime) -> Activation:
    """Propose a response (提请启动). Raises as `drafted` does."""
    reason = text_of(proposal.reason, "reason", "理由", "The reason", 300, needed=False)
    row = drafted(proposal, actor=actor, at=at)
    with transaction.atomic():
        row.number = _number(at)
        row.save(force_insert=True)
        _event(row, "propose", "", actor, at, reason=reason, document=row.document)
        _tell(row, "proposed", at)
    return row


def perform(activation_id: UUID, verb: str, given: Given, *, actor: Actor, at: datetime) -> Activation:
    """Do a verb to a response: approve, refuse, withdraw, raise, lower, extend, renew, end, finish.

    Raises UnknownEdge, Refused, NotFound, OutsideYourPlaces, InvalidInput naming a field, SecondDecider,
    SecondAuthority, PartsWrong and what the rules forbid; then nothing has changed.
    """
    with transaction.atomic():
        row = _locked(activation_id, actor, at)
        edge = RESPONSE.edge(row.state, verb)
        actor.require(edge.capability)
        if verb != "end" and row.state == LIVE and row.last_on and row.last_on < localdate(at):
            raise ResponseOver(last_on=row.last_on)
        deciding.places_within(actor, edge.capability, row.place_ids, localdate(at), closed_too=True)
        reason = text_of(given.reason, "reason", "理由", "The reason", 300, needed="reason" in edge.requires)
        source, row.state = row.state, edge.target
        made = _EFFECTS.get(verb, _nothing)(row, given, actor, at)
        row.save()
        document = row.document if verb in {"approve", "renew"} or given.document else ""
        _event(row, verb, source, actor, at, reason=reason, document=document, made=made)
        _tell(row, verb, at)
        audit.record(
            actor=actor, event=f"response.{verb}", area=queries.areas_of(row.place_ids)[0], subject=str(row.id),
            detail={"number": row.number, "level": row.level, "drill": row.is_drill}, at=at,
        )  # fmt: skip
    return row


def _locked(activation_id: UUID, actor: Actor, at: datetime) -> Activation:
    if not queries.visible_to(actor, localdate(at)).filter(id=activation_id).exists():
        raise NotFound(field="id")
    return Activation.objects.select_for_update().get(id=activation_id)


def _nothing(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    return []


def _refuse(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    rules.check_second(actor.account_id, row.proposed_by_id)
    return []


def _approve(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    decider = rules.check_second(actor.account_id, row.proposed_by_id)
    with connection.cursor() as cursor:  # so that of two at the same place one sees the other
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
    on, content = localdate(at), read(row.content)
    assert row.last_on is not None
    deciding.check_not_live(row, at)
    # Places may have ended, or be larger, since it was proposed.
    there = deciding.places_within(actor, RESPONSE.edge("proposed", "approve").capability, row.place_ids, on)
    rules.check_area(content, there, row.why_so_large)
    limit = rules.limit_of(content, on)
    rules.check_last_day(row.last_on, limit, on, content.days)
    if content.confines:
        deciding.check_not_confined_before(row, actor, at)
        row.confined_on = on
    row.live_at, row.limit_on = at, limit
    row.approved_by_id, row.approved_by = decider, actor.name[:60]
    live = running.live_of(row, decider, at)
    running.check(content, live, at)
    row.save()
    made = running.begin(content, live, actor, at)
    parts.tell(live)
    return made


def _change_level(row: Activation, given: Given, actor: Actor, at: datetime, way: int) -> list[running.Made]:
    decider = rules.check_second(actor.account_id, row.proposed_by_id)
    on, old = localdate(at), read(row.content)
    found = next((one for one in row.levels if one["level"] == given.level), None)
    if found is None or (row.level - found["level"]) * way <= 0:
        zh, en = ("重", "graver") if way > 0 else ("轻", "less grave")
        raise LevelNotSo(field="level", way_zh=zh, way_en=en)
    new = read(found)
    if not new.parts.get("notices"):
        raise NoticeMissing(field="level")
    why = text_of(given.why_so_large, "why_so_large", "范围理由", "Why so large", 300, needed=False)
    there = deciding.places_within(actor, RESPONSE.edge("live", "raise").capability, row.place_ids, on)
    rules.check_area(new, there, why or row.why_so_large)
    _new_last_day(row, given, old, new, on)
    if new.confines:
        if row.confined_on is None:
            deciding.check_not_confined_before(row, actor, at)
            row.confined_on = on
    row.is_compulsory = new.confines
    row.why_so_large = why or row.why_so_large
    begun, _, _ = running.difference(old, new)
    row.level, row.content = new.level, plain(new)
    live = running.live_of(row, decider, at)
    running.check(msgspec.structs.replace(new, parts=begun), live, at)
    row.save()
    return running.change(old, new, live, actor, at)


def _new_last_day(row: Activation, given: Given, old: LevelContent, new: LevelContent, on: date) -> None:
    """What begins to confine people is a new decision: basis, document and last day are given with it."""
    limit = rules.limit_of(new, on, row.confined_on)
    if new.confines and not old.confines:
        row.basis = text_of(given.basis, "basis", "法律依据", "The legal basis", 200)
        row.document = text_of(given.document, "document", "文号", "The document number", 80)
        if given.last_on is None:
            raise InvalidInput(field="last_on", reason_zh="请填写最后一天。", reason_en="Set the last day.")
    elif new.confines or row.limit_on is None:
        limit = min(limit, row.limit_on or limit)
    wanted = given.last_on or min(row.last_on or limit, limit)
    rules.check_last_day(wanted, limit, on, new.days)
    row.last_on, row.limit_on = wanted, limit


def _raise(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    return _change_level(row, given, actor, at, 1)


def _lower(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    return _change_level(row, given, actor, at, -1)


def _wanted_day(given: Given) -> date:
    if given.last_on is None:
        raise InvalidInput(field="last_on", reason_zh="请填写最后一天。", reason_en="Set the last day.")
    return given.last_on


def _later(row: Activation) -> date:
    assert row.last_on is not None
    return row.last_on + timedelta(days=1)


def _extend(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    """Up to the day that whoever approved could have set, and not a day beyond: that is for `renew`."""
    decider = rules.check_second(actor.account_id, row.proposed_by_id)
    content = read(row.content)
    assert row.limit_on is not None
    wanted = _wanted_day(given)
    rules.check_last_day(wanted, row.limit_on, max(_later(row), localdate(at)), content.days)
    row.last_on = wanted
    return running.prolong(content, running.live_of(row, decider, at), actor, at)


def _renew(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    """A second authority decides again, with a document of its own, for as many days again at most."""
    decider = rules.check_other_authority(actor.account_id, row.proposed_by_id, row.approved_by_id)
    on, content = localdate(at), read(row.content)
    document = text_of(given.document, "document", "文号", "The document number", 80)
    used = {event.document for event in queries.events_of(row.id)} | {row.document}
    if document in used:
        raise DocumentUsed(field="document", document=document)
    limit, wanted = rules.limit_of(content, on), _wanted_day(given)
    rules.check_last_day(wanted, limit, max(_later(row), on), content.days)
    row.last_on, row.limit_on, row.document = wanted, limit, document
    row.basis = text_of(given.basis or row.basis, "basis", "法律依据", "The legal basis", 200)
    row.renewed_by_id, row.renewed_by = decider, actor.name[:60]
    if content.confines:
        row.confined_on = on
    return running.prolong(content, running.live_of(row, decider, at), actor, at)


def _end(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    row.ended_at = at
    by = actor.account_id or row.approved_by_id or row.proposed_by_id
    return running.end(read(row.content), running.live_of(row, by, at), actor, at)


def _finish(row: Activation, given: Given, actor: Actor, at: datetime) -> list[running.Made]:
    standing.require_nothing_open(row.id, at)
    return []


_EFFECTS = {
    "approve": _approve, "refuse": _refuse, "raise": _raise, "lower": _lower, "extend": _extend, "renew": _renew,
    "end": _end, "finish": _finish,
}  # fmt: skip


def end_overdue(at: datetime) -> int:
    """End what is past its last day (到期自动终止): standing down begins, everybody concerned is told. How many."""
    ended = 0
    for activation_id in queries.overdue(at).values_list("id", flat=True):
        with transaction.atomic():
            row = Activation.objects.select_for_update(skip_locked=True).filter(id=activation_id).first()
            if row is None or row.state != LIVE or row.last_on is None or row.last_on >= localdate(at):
                continue
            given = Given(reason=f"最后一天 {row.last_on:%Y-%m-%d} 已过，自动终止。")
            perform(row.id, "end", given, actor=SYSTEM, at=at)
            ended += 1
    return ended


def _event(
    row: Activation,
    verb: str,
    source: str,
    actor: Actor,
    at: datetime,
    *,
    reason: str = "",
    document: str = "",
    made: list[running.Made] | None = None,
) -> None:
    ActivationEvent.objects.create(
        activation=row, verb=verb, from_state=source, to_state=row.state, level=row.level, last_on=row.last_on,
        actor_id=actor.account_id, actor_name=actor.name[:60], reason=reason, document=document,
        made=running.plain(made or []), at=at,
    )  # fmt: skip


def _tell(row: Activation, event: str, at: datetime) -> None:
    payload = {
        "number": row.number, "title": row.title, "level": row.level, "state": row.state, "drill": row.is_drill,
        "last_on": row.last_on.isoformat() if row.last_on else None,
    }  # fmt: skip
    outbox.publish(
        [outbox.News(area, TOPIC, row.id, event, payload, at) for area in queries.areas_of(row.place_ids)]
    )
