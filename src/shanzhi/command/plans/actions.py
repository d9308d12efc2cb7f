"""The verbs of plans: the only writers of plans and versions; `objections` and `notices` have their own."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLAN_EDIT
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.command.plans import checking, document, queries
from shanzhi.command.plans.document import PlanDoc
from shanzhi.command.plans.errors import DraftChanged, DraftExists, PlanCodeTaken, SecondReviewer
from shanzhi.command.plans.flow import DRAFT, IN_FORCE, VERSION
from shanzhi.command.plans.models import Plan, PlanEvent, PlanVersion
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import text_of

TOPIC = "plans"


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of what a version says, in hex: its history proves what was reviewed."""
    said = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def _event(row: PlanVersion, verb: str, source: str, actor: Actor, at: datetime, reason: str = "") -> None:
    PlanEvent.objects.create(
        version=row, verb=verb, from_state=source, to_state=row.state, digest=digest_of(row.content),
        actor_id=actor.account_id, actor_name=actor.name[:60], reason=reason, at=at,
    )  # fmt: skip


def _require_place(actor: Actor, capability: str, place: Place, at: datetime) -> None:
    actor.require(capability)
    grounds = places.reach(actor, capability)
    if grounds is not None and not places.is_within(place.id, grounds, localdate(at)):
        raise OutsideYourPlaces(field="place_id", name=place.name)


def _locked(actor: Actor, code: str, capability: str, at: datetime) -> Plan:
    row = queries.plan(actor, code, localdate(at))
    _require_place(actor, capability, row.place, at)
    return Plan.objects.select_for_update(of=("self",)).select_related("place").get(id=row.id)


def create(doc: PlanDoc, place_id: UUID, *, actor: Actor, at: datetime) -> PlanVersion:
    """Begin a plan (新编预案) as the first draft. Raises PlanCodeTaken, NotFound, OutsideYourPlaces, Refused."""
    place = Place.objects.filter(id=place_id, closed_on=None).first()
    if place is None:
        raise NotFound(field="place_id")
    _require_place(actor, PLAN_EDIT, place, at)
    _check_head(doc)
    try:
        with transaction.atomic():
            plan = Plan.objects.create(
                code=doc.code, place=place, hazard=doc.hazard, zh=doc.zh[:80], en=doc.en[:120]
            )
            return _new_version(plan, doc, 1, "", actor, at)
    except IntegrityError:
        raise PlanCodeTaken(field="code", code=doc.code) from None


def _check_head(doc: PlanDoc) -> None:
    """Even a draft has a code, a hazard and names."""
    for found in checking.problems(doc):
        if found.field in {"code", "hazard", "zh", "en"}:
            raise InvalidInput(field=found.field, reason_zh=found.zh, reason_en=found.en)


def _new_version(plan: Plan, doc: PlanDoc, number: int, note: str, actor: Actor, at: datetime) -> PlanVersion:
    row = PlanVersion.objects.create(
        plan=plan, number=number, content=document.plain(doc), note=note, drafted_by_id=actor.account_id,
        drafted_by=actor.name[:60], drafted_at=at, writers=[actor.account_id] if actor.account_id else [],
    )  # fmt: skip
    _event(row, "draft", "", actor, at, note)
    return row


def begin_draft(code: str, *, actor: Actor, at: datetime) -> PlanVersion:
    """A draft of the next version, beginning with what is in force (修订). Raises DraftExists, NotFound, Refused."""
    with transaction.atomic():
        plan = _locked(actor, code, PLAN_EDIT, at)
        _no_open_draft(plan)
        newest = queries.versions([plan.id]).first()
        base = queries.in_force(plan) or newest
        if base is None or newest is None:
            raise NotFound(field="code")
        return _new_version(plan, queries.document_of(base), newest.number + 1, "", actor, at)


def _no_open_draft(plan: Plan) -> None:
    if (other := queries.open_draft(plan)) is not None:
        state = VERSION.state(other.state)
        raise DraftExists(number=other.number, state_zh=state.zh, state_en=state.en)


def save(
    code: str, content: Mapping[str, Any], note: str, *, seen: int, actor: Actor, at: datetime
) -> PlanVersion:
    """Save the draft (保存草稿). It may still be incomplete, but not malformed.

    `seen` is the count of saves that the editor loaded: when somebody saved since, DraftChanged. Raises
    InvalidInput, NotFound, UnknownEdge, Refused.
    """
    doc = document.read(content)
    said = text_of(note, "note", "修订说明", "What changed", 300, needed=False)
    with transaction.atomic():
        plan = _locked(actor, code, PLAN_EDIT, at)
        row = queries.open_draft(plan)
        if row is None:
            raise NotFound(field="number")
        VERSION.edge(row.state, "submit")
        if row.saves != seen:
            last = queries.events_of(row)[-1]
            raise DraftChanged(name=last.actor_name)
        if doc.code != plan.code:
            raise InvalidInput(
                field="code", reason_zh="预案代码不能更改。", reason_en="The code of a plan stays."
            )
        _check_head(doc)
        row.content, row.note, row.saves = document.plain(doc), said, row.saves + 1
        if actor.account_id is not None and actor.account_id not in row.writers:
            row.writers = [*row.writers, actor.account_id]
        row.save(update_fields=["content", "note", "saves", "writers"])
        _event(row, "save", row.state, actor, at)
    return row


def perform(
    code: str,
    number: int,
    verb: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    seen: int | None = None,
) -> PlanVersion:
    """Do a verb to a version: submit, drop, take_back, send_back, approve, repeal.

    `seen` is the count of saves that the reviewer read. Raises UnknownEdge, Refused, SecondReviewer, DraftChanged,
    InvalidInput naming what is wrong with the plan or `reason`.
    """
    with transaction.atomic():
        plan = queries.plan(actor, code, localdate(at))
        plan = Plan.objects.select_for_update(of=("self",)).select_related("place").get(id=plan.id)
        row = queries.version(plan, number)
        edge = VERSION.edge(row.state, verb)
        if verb == "supersede":
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such verb.")
        _require_place(actor, edge.capability, plan.place, at)
        said = text_of(reason, "reason", "理由", "The reason", 300, needed="reason" in edge.requires)
        if verb in {"submit", "approve"}:
            checking.check(queries.document_of(row))
        if verb in {"approve", "send_back"}:
            _check_reviewer(row, actor, seen)
        if verb == "approve":
            _put_in_force(plan, row, actor, at)
        if verb == "repeal":
            row.ended_at = at
        source, row.state = row.state, edge.target
        row.save()
        _event(row, verb, source, actor, at, said)
        outbox.publish(
            [outbox.News(_area(plan), TOPIC, plan.id, verb, {"code": plan.code, "number": number}, at)]
        )
        audit.record(
            actor=actor, event=f"plan.{verb}", area=_area(plan), subject=plan.code, at=at,
            detail={"version": number, "digest": digest_of(row.content)},
        )  # fmt: skip
    return row


def _check_reviewer(row: PlanVersion, actor: Actor, seen: int | None) -> None:
    if actor.account_id is None or actor.account_id in row.writers:
        raise SecondReviewer
    if seen is not None and seen != row.saves:
        raise DraftChanged(name=queries.events_of(row)[-1].actor_name)


def _put_in_force(plan: Plan, row: PlanVersion, actor: Actor, at: datetime) -> None:
    old = queries.in_force(plan)
    if old is not None:
        source, old.state, old.ended_at = old.state, VERSION.edge(old.state, "supersede").target, at
        old.save(update_fields=["state", "ended_at"])
        _event(old, "supersede", source, actor, at, f"第 {row.number} 版施行")
    row.in_force_at, row.reviewed_by = at, actor.name[:60]
    doc = queries.document_of(row)
    plan.hazard, plan.zh, plan.en = doc.hazard, doc.zh[:80], doc.en[:120]
    plan.save(update_fields=["hazard", "zh", "en"])


def load(doc: PlanDoc, place: Place, *, actor: Actor, at: datetime) -> bool:
    """A plan of a pack as version 1, in force; whether it was new (载入预案包). What is there stays as it is.

    Raises InvalidInput when the pack is wrong.
    """
    checking.check(doc)
    with transaction.atomic():
        plan, created = Plan.objects.get_or_create(
            code=doc.code, defaults={"place": place, "hazard": doc.hazard, "zh": doc.zh, "en": doc.en}
        )
        if not created:
            return False
        row = PlanVersion.objects.create(
            plan=plan, number=1, state=IN_FORCE, content=msgspec.to_builtins(doc), drafted_by=actor.name[:60],
            drafted_at=at, reviewed_by=actor.name[:60], in_force_at=at,
        )  # fmt: skip
        _event(row, "load", DRAFT, actor, at)
    return True


def _area(plan: Plan) -> str:
    return plan.place.area or plan.place.code[:6]
