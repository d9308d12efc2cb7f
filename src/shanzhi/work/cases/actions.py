"""The verbs of a case: one door for every change of state.

`perform` locks the row, checks the edge, appends the event, moves the clocks and writes the outbox, in one
transaction. What a verb does besides stands in `_EFFECTS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CASE_RATE, CASE_REVEAL
from shanzhi.base.audit import actions as audit
from shanzhi.base.clocks import actions as clocks
from shanzhi.base.clocks import queries as clock_queries
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.people import queries as people
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.worktime import Limit, Unit
from shanzhi.work.cases import queries
from shanzhi.work.cases.errors import (
    ConditionNotUsable,
    MissingInput,
    RatedSolved,
    SamePerson,
    VersionConflict,
)
from shanzhi.work.cases.flow import CLOSED_LOOP, clock_steps
from shanzhi.work.cases.limits import due
from shanzhi.work.cases.models import Case, CaseEvent, CasePhoto, Rating, Stage
from shanzhi.work.cases.reports import NewReport as NewReport
from shanzhi.work.cases.reports import Receipt as Receipt
from shanzhi.work.cases.reports import check_photos
from shanzhi.work.cases.reports import create_report as create_report
from shanzhi.work.catalogue import queries as catalogue

MAX_NOTE = 1000
_LABELS = {
    "note": ("说明", "a note"),
    "photos": ("处置后照片", "a photo of the result"),
    "condition_id": ("立案条件", "the filing rule"),
    "unit_id": ("处置单位", "the unit"),
}
_STAGE = {"handle": Stage.AFTER, "inspect": Stage.CHECK, "rework": Stage.CHECK}
_PUBLIC_NOTES = frozenset({"feed_back", "reject", "decline"})


@dataclass(frozen=True)
class Given:
    """What the actor gives with a verb."""

    note: str = ""
    condition_id: UUID | None = None
    unit_id: UUID | None = None
    photos: tuple[str, ...] = ()


def perform(
    area: str,
    case_id: UUID,
    verb: str,
    *,
    actor: Actor,
    at: datetime,
    version: int | None,
    given: Given,
    event_id: UUID | None = None,
) -> Case:
    """Do one verb to one case (a repeated `event_id` changes nothing).

    Raises NotFound (or out of sight), VersionConflict, UnknownEdge, Refused, SamePerson, MissingInput,
    InvalidInput, UnknownPhoto, ConditionNotUsable; each leaves everything as it was.
    """
    with transaction.atomic():
        case = _locked(area, case_id)
        if not queries.may_see(actor, case, at):
            raise NotFound
        if event_id and CaseEvent.objects.filter(area=area, case_id=case_id, id=event_id, verb=verb).exists():
            return case
        if version is not None and version != case.version:
            raise _conflict(case)
        edge = CLOSED_LOOP.edge(case.state, verb)
        _check_actor(case, edge, actor, at)
        _check_input(case, edge, given)
        unit_before = case.unit_id
        effect = _EFFECTS.get(verb)
        if effect is not None:
            effect(case, given, at)
        event = _append(case, edge, actor, at, given, event_id)
        _move_clocks(case, edge, at, unit_before)
        case.state = edge.target
        case.version += 1
        case.save()
        _keep_photos(case, event, verb, given)
        outbox.publish(
            area=area, topic="cases", subject_id=case.id, event=verb, payload={"state": case.state}, at=at
        )
    return case


def rate(
    area: str, case_id: UUID, *, solved: bool, stars: int, text: str, actor: Actor, at: datetime
) -> Case:
    """Rate a closed case (评价), by whoever holds its secret. Raises UnknownEdge, Refused, InvalidInput."""
    actor.require(CASE_RATE)
    if not 1 <= stars <= 5:
        raise InvalidInput(field="stars", reason_zh="请选择 1 至 5 星。", reason_en="Choose 1 to 5 stars.")
    if len(text) > 500:
        raise InvalidInput(field="text", reason_zh="不得超过 500 字。", reason_en="At most 500 characters.")
    with transaction.atomic():
        case = _locked(area, case_id)
        edge = CLOSED_LOOP.edge(case.state, "rate")
        Rating.objects.create(
            area=area, case=case, sequence=case.version + 1, solved=solved, stars=stars, text=text, at=at
        )
        _append(case, edge, actor, at, Given(), None)
        case.state = edge.target
        case.version += 1
        case.save(update_fields=["state", "version"])
        outbox.publish(
            area=area, topic="cases", subject_id=case.id, event="rate", payload={"state": case.state}, at=at
        )
    return case


def reveal_phone(area: str, case_id: UUID, *, reason: str, actor: Actor, at: datetime) -> str:
    """The reporter's number in full; who asked and why is recorded first. Raises Refused, NotFound."""
    actor.require(CASE_REVEAL)
    if not reason.strip():
        raise MissingInput(field="reason", label_zh="查看理由", label_en="the reason")
    case = queries.case_for(actor, area, case_id, at)
    if not queries.in_reach(actor, CASE_REVEAL, case, at):
        raise NotFound
    audit.record_reveal(
        actor=actor, area=area, subject=str(case.id), detail={"field": "phone", "reason": reason[:200]}, at=at
    )
    phone: str = case.phone or ""
    return phone


def _locked(area: str, case_id: UUID) -> Case:
    case = Case.objects.select_for_update().filter(area=area, id=case_id).first()
    if case is None:
        raise NotFound
    return case


def _conflict(case: Case) -> VersionConflict:
    last = CaseEvent.objects.filter(area=case.area, case_id=case.id).order_by("-sequence").first()
    verb_zh, verb_en = queries.verb_label(last.verb if last else "report")
    state = queries.state_of(case.state)
    return VersionConflict(
        actor_name=last.actor_name if last else "",
        verb_zh=verb_zh, verb_en=verb_en, state_zh=state.zh, state_en=state.en, version=case.version,
    )  # fmt: skip


def _check_actor(case: Case, edge: Edge, actor: Actor, at: datetime) -> None:
    actor.require(edge.capability)
    if not queries.in_reach(actor, edge.capability, case, at):
        raise NotFound
    if edge.separate_from and queries.did(actor, case, edge.separate_from):
        raise SamePerson


def _check_input(case: Case, edge: Edge, given: Given) -> None:
    for field in queries.required(case, edge):
        if not getattr(given, field) or (field == "note" and not given.note.strip()):
            zh, en = _LABELS[field]
            raise MissingInput(field=field, label_zh=zh, label_en=en)
    if len(given.note) > MAX_NOTE:
        raise InvalidInput(
            field="note", reason_zh=f"不得超过 {MAX_NOTE} 字。", reason_en=f"At most {MAX_NOTE} characters."
        )
    check_photos(given.photos)


def _file(case: Case, given: Given, at: datetime) -> None:
    """立案 copies the limit in force: what the catalogue says later does not touch this case."""
    assert given.condition_id is not None
    rule = catalogue.condition(given.condition_id)
    if not rule.usable:
        raise ConditionNotUsable(field="condition_id", limit_text=rule.limit_text)
    if not catalogue.is_in_force(rule, localdate(at)):
        raise NotFound(field="condition_id")
    case.condition, case.kind = rule, rule.kind
    case.limit_amount, case.limit_unit, case.limit_text = rule.limit_amount, rule.limit_unit, rule.limit_text


def _dispatch(case: Case, given: Given, at: datetime) -> None:
    assert given.unit_id is not None
    case.unit = people.unit(given.unit_id)


def _close(case: Case, given: Given, at: datetime) -> None:
    case.closed_at = at


def _reopen(case: Case, given: Given, at: datetime) -> None:
    """重新办理 is for what the resident calls not solved; whoever closed it does not decide (see the table)."""
    if not queries.unsolved(case):
        raise RatedSolved
    case.closed_at = None


_EFFECTS: dict[str, Callable[[Case, Given, datetime], None]] = {
    "file": _file,
    "dispatch": _dispatch,
    "close": _close,
    "reject": _close,
    "decline": _close,
    "reopen": _reopen,
}


def _append(
    case: Case, edge: Edge, actor: Actor, at: datetime, given: Given, event_id: UUID | None
) -> CaseEvent:
    units = actor.unit_ids(edge.capability)
    return CaseEvent.objects.create(
        id=event_id or uuid7(),
        area=case.area,
        case=case,
        sequence=case.version + 1,
        verb=edge.verb,
        from_state=edge.source,
        to_state=edge.target,
        actor_id=actor.account_id,
        actor_name=actor.name or "市民",
        unit_id=units[0] if units else None,
        note=given.note.strip(),
        public=edge.verb in _PUBLIC_NOTES,
        at=at,
    )


def _move_clocks(case: Case, edge: Edge, at: datetime, unit_before: UUID | None) -> None:
    for step, name in clock_steps(edge):
        if step == "start" and clock_queries.paused(case.area, case.id, name):
            # Back at the same unit the rest of its time runs on; another unit has the whole limit.
            if case.unit_id == unit_before:
                step = "resume"
            else:
                clocks.stop(area=case.area, subject_id=case.id, name=name, at=at)
        _CLOCK_STEPS[step](case, name, at)


def _handling(case: Case) -> Limit | None:
    return None if case.limit_amount is None else Limit(case.limit_amount, Unit(case.limit_unit))


def _start_clock(case: Case, name: str, at: datetime) -> None:
    found = due(case.area, name, at, _handling(case))
    clocks.start(
        area=case.area, subject_id=case.id, name=name, due_at=found.due_at, warn_at=found.warn_at,
        started_at=at,
    )  # fmt: skip
    case.clock_name, case.due_at, case.warn_at = name, found.due_at, found.warn_at


def _stop_clock(case: Case, name: str, at: datetime) -> None:
    clocks.stop(area=case.area, subject_id=case.id, name=name, at=at)
    if case.clock_name == name:
        case.clock_name, case.due_at, case.warn_at = "", None, None


def _pause_clock(case: Case, name: str, at: datetime) -> None:
    clocks.pause(area=case.area, subject_id=case.id, name=name, at=at)
    case.clock_name, case.due_at, case.warn_at = "", None, None


def _resume_clock(case: Case, name: str, at: datetime) -> None:
    clock = clock_queries.paused(case.area, case.id, name)
    assert clock is not None
    found = due(case.area, name, clock.started_at, _handling(case), clock_queries.pauses(clock, at))
    clocks.resume(
        area=case.area, subject_id=case.id, name=name, at=at, due_at=found.due_at, warn_at=found.warn_at
    )
    case.clock_name, case.due_at, case.warn_at = name, found.due_at, found.warn_at


_CLOCK_STEPS: dict[str, Callable[[Case, str, datetime], None]] = {
    "start": _start_clock,
    "stop": _stop_clock,
    "pause": _pause_clock,
    "resume": _resume_clock,
}


def _keep_photos(case: Case, event: CaseEvent, verb: str, given: Given) -> None:
    CasePhoto.objects.bulk_create(
        CasePhoto(area=case.area, case=case, event=event, sha256=sha256, stage=_STAGE.get(verb, Stage.BEFORE))
        for sha256 in dict.fromkeys(given.photos)
    )
