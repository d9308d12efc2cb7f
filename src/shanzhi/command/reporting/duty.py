"""The verbs of the duty log (值班日志): the only writers of its lines, of callers and of handovers."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate, localtime

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import DUTY_LOG
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.places.models import Place
from shanzhi.command.reporting import queries
from shanzhi.command.reporting.errors import EntryConflict, HandoverOpen, HandoverSamePerson, NoDutyRoom
from shanzhi.command.reporting.flow import (
    ADDITION,
    CALL,
    CORRECTION,
    GIVEN,
    HANDED,
    HANDOVER,
    NOTE,
    TAKEN,
)
from shanzhi.command.reporting.models import DutyCaller, DutyEntry, Handover
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.texts import lines_of, text_of
from shanzhi.work.cases import reach as cases
from shanzhi.work.orders import queries as orders

TOPIC = "duty"
AHEAD, BEHIND = timedelta(minutes=10), timedelta(days=7)
_WRITTEN = {CALL, NOTE, ADDITION, CORRECTION}


@dataclass(frozen=True)
class NewEntry:
    """A line as it is typed; `id` is made by the browser, so that saving twice is saving once."""

    id: UUID
    kind: str
    content: str
    called_at: datetime | None = None
    caller_unit: str = ""
    caller_name: str = ""
    caller_phone: str = ""
    proposal: str = ""
    instruction: str = ""
    result: str = ""
    about_id: UUID | None = None
    activation_id: UUID | None = None
    subject_kind: str = ""
    subject_number: str = ""
    place_id: UUID | None = None


def write(new: NewEntry, *, actor: Actor, at: datetime) -> tuple[DutyEntry, bool]:
    """Write a line (记一条); the line, and whether it is new.

    The same id and content again is the same line; another content raises EntryConflict. Raises Refused,
    NoDutyRoom, NotFound, InvalidInput naming the field.
    """
    actor.require(DUTY_LOG)
    on = localdate(at)
    said = hashlib.sha256(repr(sorted(asdict(new).items())).encode()).digest()
    known = DutyEntry.objects.filter(id=new.id).first()
    if known is not None:
        if bytes(known.hash) != said or known.officer_id != actor.account_id:
            raise EntryConflict(field="id")
        return known, False
    room = _room(actor, new.place_id)
    if new.kind not in _WRITTEN:
        raise InvalidInput(field="kind", reason_zh="请选择来电或记事。", reason_en="A call or a note.")
    about = _about(new, actor, at)
    called_at = new.called_at or at
    if not at - BEHIND <= called_at <= at + AHEAD:
        raise InvalidInput(
            field="called_at", reason_zh="时间应在过去七天之内。", reason_en="Within the last seven days."
        )
    columns = {
        "content": lines_of(new.content, "content", "内容", "The content", 2000),
        "caller_unit": text_of(new.caller_unit, "caller_unit", "来电单位", "The unit", 80, needed=False),
        "proposal": text_of(new.proposal, "proposal", "拟办", "The proposal", 500, needed=False),
        "instruction": text_of(new.instruction, "instruction", "批示", "The decision", 500, needed=False),
        "result": text_of(new.result, "result", "办理结果", "The result", 500, needed=False),
    }
    if not any(columns[name] for name in ("content", "proposal", "instruction", "result")):
        raise InvalidInput(field="content", reason_zh="请写内容。", reason_en="Say what it is about.")
    name = text_of(new.caller_name, "caller_name", "来电人", "The caller", 60, needed=False)
    phone = text_of(new.caller_phone, "caller_phone", "电话", "The telephone", 30, needed=False)
    if phone and not (set(phone) <= set("0123456789+-() ") and sum(one.isdigit() for one in phone) >= 3):
        raise InvalidInput(
            field="caller_phone", reason_zh="电话只能有数字和 + - ( )。", reason_en="Digits and + - ( ) only."
        )
    activation_id = new.activation_id or (about.activation_id if about else None)
    if new.activation_id is not None:
        queries.response_for(actor, new.activation_id, on)
    subject = _subject(new, actor, at)
    assert actor.account_id is not None
    try:
        with transaction.atomic():
            entry = DutyEntry.objects.create(
                id=new.id, area=_area(room), place=room, kind=new.kind, about_id=new.about_id,
                called_at=called_at, activation_id=activation_id, officer_id=actor.account_id,
                officer_name=actor.name[:60], at=at, hash=said, **columns, **subject,
            )  # fmt: skip
            if name or phone:
                DutyCaller.objects.create(
                    id=entry.id, area=entry.area, name=name or None, phone=phone or None,
                    activation_id=activation_id, at=at,
                )  # fmt: skip
            _tell(entry, at)
    except IntegrityError:  # the same line by two clicks: the first one counts
        return write(new, actor=actor, at=at)
    return entry, True


def _room(actor: Actor, place_id: UUID | None) -> Place:
    room = queries.room_of(actor, place_id)
    if room is None or actor.account_id is None:
        raise NoDutyRoom(field="place_id" if place_id else "")
    return room


def _area(room: Place) -> str:
    return room.area or room.code[:6]


def _about(new: NewEntry, actor: Actor, at: datetime) -> DutyEntry | None:
    """The line that an addition or correction is about: a first one, in sight."""
    if new.kind not in {ADDITION, CORRECTION}:
        if new.about_id is not None:
            raise InvalidInput(
                field="about_id", reason_zh="只有续记和更正才对应另一条。", reason_en="Only for an addition."
            )
        return None
    found = queries.entries_visible_to(actor, localdate(at)).filter(id=new.about_id).first()
    if found is None:
        raise NotFound(field="about_id")
    if found.about_id is not None:
        raise InvalidInput(
            field="about_id", reason_zh="请对原始记录续记或更正。", reason_en="Add to the first line of it."
        )
    return found


def _subject(new: NewEntry, actor: Actor, at: datetime) -> dict[str, object]:
    """The case or order that was named by its number, in the actor's sight."""
    number = new.subject_number.strip()
    if not number:
        return {}
    columns: dict[str, object] = {"subject_kind": new.subject_kind}
    if new.subject_kind == "order":
        order = orders.visible_to(actor, localdate(at)).filter(number=number).first()
        if order is not None:
            return columns | {"subject_id": order.id, "subject_name": f"{order.number} {order.title}"[:80]}
    if new.subject_kind == "case":
        case = cases.visible_to(actor, at).filter(number=number).first()
        if case is not None:
            return columns | {"subject_area": case.area, "subject_id": case.id, "subject_name": case.number}
    raise NotFound(field="subject_number")


def _tell(entry: DutyEntry, at: datetime) -> None:
    outbox.publish([outbox.News(entry.area, TOPIC, entry.id, entry.kind, {"place": str(entry.place_id)}, at)])


def reveal(area: str, entry_id: UUID, reason: str, *, actor: Actor, at: datetime) -> DutyCaller:
    """Name and telephone of a caller in full (查看来电人), recorded. Raises NotFound, Refused, InvalidInput."""
    actor.require(DUTY_LOG)
    said = text_of(reason, "reason", "理由", "The reason", 200)
    seen = queries.entries_visible_to(actor, localdate(at)).filter(area=area, id=entry_id)
    caller = DutyCaller.objects.filter(area=area, id=entry_id).first() if seen.exists() else None
    if caller is None:
        raise NotFound(field="id")
    with transaction.atomic():
        audit.record_reveal(
            actor=actor, area=area, subject=str(entry_id), detail={"of": "duty-caller", "reason": said}, at=at
        )
    return caller


def give(
    open_matters: str, from_at: datetime | None, *, actor: Actor, at: datetime, place_id: UUID | None = None
) -> Handover:
    """Hand the shift over (交班), with what is still open. Raises Refused, NoDutyRoom, HandoverOpen, InvalidInput."""
    actor.require(DUTY_LOG)
    room = _room(actor, place_id)
    said = lines_of(open_matters, "open_matters", "待办事项", "What is open", 1000)
    if not said:
        raise InvalidInput(
            field="open_matters", reason_zh="请写清待办事项；没有就写“无”。",
            reason_en="Say what is still open, or that nothing is.",
        )  # fmt: skip
    begun = from_at or at - timedelta(hours=12)
    if not at - timedelta(days=3) <= begun <= at:
        raise InvalidInput(field="from_at", reason_zh="接班时间不对。", reason_en="Not when the shift began.")
    with transaction.atomic():
        Place.objects.select_for_update().get(id=room.id)
        waiting = Handover.objects.filter(place=room, state=GIVEN).first()
        if waiting is not None:
            raise HandoverOpen(name=waiting.given_by, at=f"{localtime(waiting.given_at):%m-%d %H:%M}")
        made = Handover.objects.create(
            place=room, from_at=begun, open_matters=said, given_by_id=actor.account_id, given_by=actor.name[:60],
            given_at=at,
        )  # fmt: skip
        _line(made, room, f"交班：{said}", actor, at)
    return made


def settle(handover_id: UUID, verb: str, *, actor: Actor, at: datetime) -> Handover:
    """Take a shift over, or withdraw it (接班、撤回). Raises NotFound, UnknownEdge, HandoverSamePerson."""
    actor.require(DUTY_LOG)
    with transaction.atomic():
        if not queries.handovers_visible_to(actor, localdate(at)).filter(id=handover_id).exists():
            raise NotFound(field="id")
        row = Handover.objects.select_for_update().get(id=handover_id)
        edge = HANDOVER.edge(row.state, verb)
        if actor.account_id is None or (verb == "take") == (actor.account_id == row.given_by_id):
            raise HandoverSamePerson
        row.state = edge.target
        if row.state == TAKEN:
            row.taken_by_id, row.taken_by, row.taken_at = actor.account_id, actor.name[:60], at
        row.save()
        words = f"接班，{row.given_by}交班" if row.state == TAKEN else "撤回交班"
        _line(row, Place.objects.get(id=row.place_id), words, actor, at)
    return row


def _line(handover: Handover, room: Place, words: str, actor: Actor, at: datetime) -> None:
    """A handover is a line of the log like everything else."""
    assert actor.account_id is not None
    entry = DutyEntry.objects.create(
        id=uuid7(), area=_area(room), place=room, kind=HANDED, about_id=handover.id, called_at=at,
        content=words, officer_id=actor.account_id, officer_name=actor.name[:60], at=at, hash=bytes(32),
    )  # fmt: skip
    _tell(entry, at)
