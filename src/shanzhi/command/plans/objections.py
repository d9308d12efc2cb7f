"""Objections (异议): a resident writes, the desk answers within the plan's days, the answer is on the link."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import RESPONSE_APPROVE
from shanzhi.base.audit import actions as audit
from shanzhi.base.clocks import actions as clocks
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.modes import deciding
from shanzhi.city.modes import queries as modes
from shanzhi.command.plans import queries
from shanzhi.command.plans.errors import NoticeOver, SameObjectionOtherText, SecondAnswerer
from shanzhi.command.plans.flow import OBJECTION, OUTCOMES
from shanzhi.command.plans.models import Notice, Objection, ObjectionEvent
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import lines_of, text_of
from shanzhi.work.cases.reports import secret_of

TOPIC = "objections"
CLOCK = "objection"
DAYS_AFTER = 60  # how long after its end one may still object to a measure
MOST_TEXT, MOST_ANSWER = 2000, 2000
_NUMBERS = 0x6F626A65  # the lock under which objections are numbered: "obje"


@dataclass(frozen=True)
class Receipt:
    """What whoever objects gets: number and secret are all that is needed to read the answer."""

    number: str
    secret: str
    due_at: datetime
    created: bool


def _number(area: str, at: datetime) -> str:
    """YY (异议), the district, the day, then 001 …"""
    head = f"YY{area}{localdate(at):%y%m%d}-"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS])
        cursor.execute(
            "SELECT count(*) FROM plans_objection WHERE area = %s AND number LIKE %s", [area, head + "%"]
        )
        row = cursor.fetchone()
    return f"{head}{(row[0] if row else 0) + 1:03d}"


def _hash(notice_id: UUID, text: str, phone: str) -> bytes:
    said = json.dumps([str(notice_id), text, phone], ensure_ascii=False).encode()
    return hmac.new(settings.SHANZHI_FOLLOW_KEY.encode(), said, hashlib.sha256).digest()


def _phone(phone: str) -> str:
    given = phone.strip()
    if given and not (
        given.lstrip("+").replace("-", "").replace(" ", "").isdigit() and 5 <= len(given) <= 20
    ):
        raise InvalidInput(field="phone", reason_zh="电话号码无效。", reason_en="Not a phone number.")
    return given


def _ended_on(notice: Notice) -> date | None:
    if notice.replaced_by:
        return None
    return localdate(notice.ended_at) if notice.ended_at else notice.until_on


def may_still_object(notice: Notice, at: datetime) -> bool:
    """Whether an objection to the notice is still taken up."""
    ended = _ended_on(notice)
    return ended is None or localdate(at) <= ended + timedelta(days=DAYS_AFTER)


def _check_open(notice: Notice, at: datetime) -> None:
    ended = _ended_on(notice)
    if ended is not None and not may_still_object(notice, at):
        raise NoticeOver(field="number", ended_on=ended, days=DAYS_AFTER)


def object_to(
    number: str, objection_id: UUID, text: str, phone: str, *, actor: Actor, at: datetime
) -> Receipt:
    """Object to a measure (提出异议), by anybody. The same id with the same text returns the first receipt.

    Raises NotFound, InvalidInput naming the field, NoticeOver, SameObjectionOtherText.
    """
    notice = queries.notice(number)
    said = lines_of(text, "text", "异议内容", "What you object to", MOST_TEXT)
    if len(said) < 2:
        raise InvalidInput(
            field="text", reason_zh="请写明您对哪项措施有异议、理由是什么。",
            reason_en="Say which measure you object to, and why.",
        )  # fmt: skip
    called, hashed = _phone(phone), _hash(notice.id, said, phone.strip())
    with transaction.atomic():
        first = Objection.objects.filter(id=objection_id).first()
        if first is not None:
            if not hmac.compare_digest(bytes(first.content_hash), hashed):
                raise SameObjectionOtherText(field="id")
            return Receipt(first.number, secret_of(first.area, first.id), first.due_at, False)
        _check_open(notice, at)
        [area, *_] = modes.areas_of(notice.place_ids)
        due_at = at + timedelta(days=notice.objection_days)
        row = Objection.objects.create(
            id=objection_id, area=area, number=_number(area, at), notice=notice, text=said, phone=called or None,
            content_hash=hashed, made_at=at, due_at=due_at,
        )  # fmt: skip
        _event(row, "object", "", actor.account_id, "市民", at)
        warn_at = at + (due_at - at) * 0.7
        clocks.start([clocks.Turn(area, row.id, CLOCK, at, due_at, warn_at)])
        _tell(row, "objected", at)
    return Receipt(row.number, secret_of(area, row.id), due_at, True)


def answer(
    area: str, objection_id: UUID, outcome: str, text: str, *, actor: Actor, at: datetime
) -> Objection:
    """Answer an objection (答复), by somebody who did not decide the measure. What is upheld is then put right.

    Raises NotFound, Refused, OutsideYourPlaces, UnknownEdge, SecondAnswerer, InvalidInput naming the field.
    """
    actor.require(RESPONSE_APPROVE)
    with transaction.atomic():
        row = _locked(area, objection_id, actor, at)
        edge = OBJECTION.edge(row.state, "answer")
        deciding.places_within(actor, edge.capability, row.notice.place_ids, localdate(at), closed_too=True)
        measure = modes.activation(row.notice.activation_id)
        if actor.account_id in {measure.proposed_by_id, measure.approved_by_id, measure.renewed_by_id, None}:
            raise SecondAnswerer
        if outcome not in OUTCOMES:
            raise InvalidInput(field="outcome", reason_zh="请选择处理结果。", reason_en="Choose the outcome.")
        said = lines_of(text, "answer", "答复", "The answer", MOST_ANSWER)
        if len(said) < 2:
            raise InvalidInput(field="answer", reason_zh="请写明答复和理由。", reason_en="Say why.")
        source, row.state = row.state, edge.target
        row.outcome, row.answered_at = outcome, at
        setattr(row, "answer", said)  # noqa: B010  (the type of an encrypted field is that of the field)
        row.answered_by_id, row.answered_by = actor.account_id, actor.name[:60]
        row.save(update_fields=["state", "outcome", "answer", "answered_at", "answered_by_id", "answered_by"])
        _event(row, "answer", source, actor.account_id, actor.name[:60], at)
        clocks.stop([clocks.Turn(area, row.id, CLOCK, at)])
        _tell(row, "answered", at)
        audit.record(
            actor=actor, event="objection.answer", area=area, subject=str(row.id),
            detail={"number": row.number, "outcome": outcome}, at=at,
        )  # fmt: skip
    return row


def phone_of(area: str, objection_id: UUID, reason: str, *, actor: Actor, at: datetime) -> str:
    """The telephone in full, to ring up whoever objected; who asked and why is recorded. Raises as `answer` does."""
    actor.require(RESPONSE_APPROVE)
    said = text_of(reason, "reason", "理由", "The reason", 200)
    found = queries.objections_visible_to(actor, localdate(at)).filter(area=area, id=objection_id).first()
    if found is None:
        raise NotFound(field="id")
    deciding.places_within(actor, RESPONSE_APPROVE, found.notice.place_ids, localdate(at), closed_too=True)
    audit.record_reveal(
        actor=actor, area=area, subject=str(found.id),
        detail={"what": "phone", "objection": found.number, "reason": said}, at=at,
    )  # fmt: skip
    return str(found.phone or "")


def _locked(area: str, objection_id: UUID, actor: Actor, at: datetime) -> Objection:
    seen = queries.objections_visible_to(actor, localdate(at)).filter(area=area, id=objection_id)
    if not seen.exists():
        raise NotFound(field="id")
    return (
        Objection.objects.select_for_update(of=("self",))
        .select_related("notice")
        .get(area=area, id=objection_id)
    )


def _event(row: Objection, verb: str, source: str, actor_id: UUID | None, name: str, at: datetime) -> None:
    ObjectionEvent.objects.create(
        area=row.area, objection=row, verb=verb, from_state=source, to_state=row.state, actor_id=actor_id,
        actor_name=name, at=at,
    )  # fmt: skip


def _tell(row: Objection, event: str, at: datetime) -> None:
    outbox.publish([outbox.News(row.area, TOPIC, row.id, event, {"number": row.number}, at)])
