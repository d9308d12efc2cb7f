"""Check-ins (健康报告): by the person's phone, by a call, at the door; and results of tests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ISOLATION_MANAGE
from shanzhi.base.messaging import actions as messaging
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.isolation import packs, queries, recording, transfers
from shanzhi.scenes.isolation.errors import Over, SameIdOtherContent
from shanzhi.scenes.isolation.flow import RESIDENT, CallOutcome, SlotState, Source, Subject, Why
from shanzhi.scenes.isolation.models import Call, CheckIn, Isolation, Slot, Swab

LOWEST, HIGHEST = 34.0, 43.0


@dataclass(frozen=True)
class NewCheckIn:
    """What is reported; `id` is made by whoever reports. `slot_id` only to answer one that was missed."""

    id: UUID
    temperature: float | None = None
    symptoms: Sequence[str] = field(default_factory=tuple)
    note: str = ""
    slot_id: UUID | None = None


@dataclass(frozen=True)
class Reported:
    """What came of it: the report, whether it is new, and whether a transfer was asked for."""

    check_in: CheckIn
    created: bool
    transfer_asked: bool


def check_in(isolation: Isolation, new: NewCheckIn, source: Any, *, actor: Actor, at: datetime) -> Reported:
    """Report (健康报告): the slot is answered, what climbs stops, and over the limit a transfer is asked for.

    The caller found the isolation for this actor. The same id with the same content is the same report. Raises
    InvalidInput, Over, SameIdOtherContent, NotFound for another's slot.
    """
    came = Source(source)
    content, alarming = _checked(new)
    hashed = queries.content_hash(str(isolation.id), content, str(new.slot_id or ""))
    with transaction.atomic():
        locked = Isolation.objects.select_for_update().get(area=isolation.area, id=isolation.id)
        known = CheckIn.objects.filter(id=new.id).first()
        if known is not None:
            if known.isolation_id != isolation.id or bytes(known.content_hash) != hashed:
                raise SameIdOtherContent(field="id")
            return Reported(known, False, False)
        if not queries.is_live(locked, localdate(at)):
            raise Over
        slot = _slot(locked, new.slot_id, at, actor)
        made = CheckIn.objects.create(
            id=new.id, area=locked.area, isolation=locked, slot=slot, source=came, content=json.dumps(content),
            content_hash=hashed, by_id=actor.account_id, by=actor.name[:60], at=at,
        )  # fmt: skip
        if slot is not None:
            Slot.objects.filter(area=slot.area, id=slot.id).update(
                state=SlotState.DONE, done_at=at, next_at=None
            )
            messaging.cancel(slot.area, [slot.id], "answered")
        recording.event(locked, str(came.value), actor, at, subject=Subject.CHECK_IN, subject_id=made.id)
        asked = False
        if alarming:
            _, asked = transfers.ask(locked, Why.CHECK_IN, actor=actor, at=at)
    return Reported(made, True, asked)


def _checked(new: NewCheckIn) -> tuple[dict[str, object], bool]:
    care = packs.care()
    if new.temperature is not None and not LOWEST <= new.temperature <= HIGHEST:
        raise InvalidInput(
            field="temperature", reason_zh="体温应在 34 至 43 度之间，请看一眼再填。",
            reason_en="A temperature lies between 34 and 43 °C: look again.",
        )  # fmt: skip
    symptoms = [packs.one_of(care.symptoms, code, "symptoms") for code in dict.fromkeys(new.symptoms)]
    note = text_of(new.note, "note", "想说的话", "The note", 200, needed=False)
    hot = new.temperature is not None and new.temperature >= care.temperature_limit
    content: dict[str, object] = {
        "temperature": new.temperature, "symptoms": [one.code for one in symptoms], "note": note,
    }  # fmt: skip
    return content, hot or any(one.transfer for one in symptoms)


def _slot(isolation: Isolation, slot_id: UUID | None, at: datetime, actor: Actor) -> Slot | None:
    """The slot that it answers: the one named, else the newest that is open by now."""
    rows = Slot.objects.select_for_update().filter(
        area=isolation.area, isolation=isolation, state=SlotState.OPEN, opens_at__lte=at
    )
    if slot_id is None:
        newest: Slot | None = rows.order_by("-due_at").first()
        return newest
    if actor.channel == RESIDENT:
        raise Refused(what_zh="补报", what_en="answer what was missed")
    found: Slot | None = rows.filter(id=slot_id).first()
    if found is None:
        raise NotFound(field="slot_id")
    return found


def by_staff(
    area: str, isolation_id: UUID, new: NewCheckIn, source: str, *, actor: Actor, at: datetime
) -> Reported:
    """Note what somebody said on the telephone or at the door. Raises as `check_in`, and NotFound."""
    if source not in ("call", "door"):
        raise InvalidInput(
            field="source", reason_zh="请选择电话或上门。", reason_en="By telephone or at the door."
        )
    isolation = queries.touched_by(actor, area, isolation_id, at)
    return check_in(isolation, new, Source(source), actor=actor, at=at)


def note_call(area: str, isolation_id: UUID, outcome: str, *, actor: Actor, at: datetime) -> Call:
    """Note that somebody rang the person up (叫应). Raises NotFound, InvalidInput."""
    if outcome not in CallOutcome.values:
        raise InvalidInput(field="outcome", reason_zh="请选择通话结果。", reason_en="Say what came of it.")
    isolation = queries.touched_by(actor, area, isolation_id, at)
    with transaction.atomic():
        slot = (
            Slot.objects.filter(area=area, isolation=isolation, state=SlotState.OPEN, opens_at__lte=at)
            .order_by("-due_at")
            .first()
        )
        made = Call.objects.create(
            area=area, isolation=isolation, slot=slot, outcome=outcome, by=actor.name[:60], at=at
        )
        recording.event(isolation, outcome, actor, at, subject=Subject.CALL, subject_id=made.id)
    return made


def note_test(
    area: str, isolation_id: UUID, taken_on: date, result: str, *, actor: Actor, at: datetime
) -> Swab:
    """Enter the result of a test (录入检测结果), or correct it; a positive one asks for a transfer.

    Raises NotFound, Refused, InvalidInput.
    """
    if result not in ("negative", "positive"):
        raise InvalidInput(field="result", reason_zh="请选择阴性或阳性。", reason_en="Negative or positive.")
    isolation = queries.touched_by(actor, area, isolation_id, at)
    if not queries.in_reach(actor, ISOLATION_MANAGE, isolation.place_id, localdate(at)):
        raise Refused(what_zh="录入检测结果", what_en="enter results of tests")
    if not isolation.begun_on <= taken_on <= localdate(at):
        raise InvalidInput(
            field="taken_on", reason_zh="采样日期应在隔离开始之后、今天之前。",
            reason_en="It was taken after the isolation began, and not after today.",
        )  # fmt: skip
    with transaction.atomic():
        locked = Isolation.objects.select_for_update().get(area=area, id=isolation.id)
        made, _ = Swab.objects.update_or_create(
            area=area, isolation=locked, taken_on=taken_on,
            defaults={"content": json.dumps({"result": result}), "by": actor.name[:60], "at": at},
        )  # fmt: skip
        recording.event(locked, "result", actor, at, subject=Subject.TEST, subject_id=made.id)
        if result == "positive":
            transfers.ask(locked, Why.TEST, actor=actor, at=at)
    return made
