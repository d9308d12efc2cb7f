"""The verbs of partner organisations: the only writers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PARTNER_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.partners import packs, queries
from shanzhi.city.partners.errors import PartnerExists, PartnershipOver
from shanzhi.city.partners.flow import ACTIVE, AGREEMENT, DONE, IN_FORCE, OPEN, PARTNERSHIP, TASK
from shanzhi.city.partners.models import Agreement, Partner, PartnerEvent, Task
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.texts import lines_of, phone_of, text_of

TOPIC = "partners"
Subject = Partner | Agreement | Task
_WHAT: dict[type, str] = {Partner: "partner", Agreement: "agreement", Task: "task"}


@dataclass(frozen=True)
class PartnerFacts:
    """What is written down of an organisation."""

    name: str
    kind: str
    contact_name: str = ""
    contact_phone: str = ""
    note: str = ""


def _checked(given: PartnerFacts) -> PartnerFacts:
    phone = phone_of(given.contact_phone, "contact_phone")
    return PartnerFacts(
        text_of(given.name, "name", "单位名称", "The name", 120),
        packs.checked(given.kind),
        text_of(given.contact_name, "contact_name", "联系人", "The contact", 60, needed=False),
        phone,
        text_of(given.note, "note", "备注", "The note", 200, needed=False),
    )


@dataclass(frozen=True)
class _Step:
    """A line of the history to be."""

    row: Subject
    verb: str
    before: str
    after: str
    said: str = ""


def _record(partner: Partner, steps: Sequence[_Step], actor: Actor, at: datetime) -> None:
    PartnerEvent.objects.bulk_create(
        PartnerEvent(
            id=uuid7(), area=partner.area, partner=partner, what=_WHAT[type(step.row)], subject_id=step.row.id,
            verb=step.verb, from_state=step.before, to_state=step.after, actor_id=actor.account_id,
            actor_name=actor.name[:60], said=step.said, at=at,
        )
        for step in steps
    )  # fmt: skip
    outbox.publish(
        [
            outbox.News(partner.area, TOPIC, partner.id, f"{_WHAT[type(one.row)]}-{one.verb}", {}, at)
            for one in steps
        ]
    )


def add(place_id: UUID, given: PartnerFacts, *, actor: Actor, at: datetime) -> Partner:
    """An organisation becomes a partner of a place (登记共建单位).

    Raises Refused, NotFound, InvalidInput, PartnerExists.
    """
    actor.require(PARTNER_MANAGE)
    on = localdate(at)
    place = queries.managed_places(actor, on).filter(id=place_id, closed_on=None).first()
    if place is None:
        raise NotFound(field="place_id")
    facts = _checked(given)
    with transaction.atomic():
        type(place).objects.select_for_update().get(id=place.id)  # the same name twice at once waits here
        _check_name(place.area, place.id, facts.name)
        made = Partner.objects.create(
            area=place.area, place=place, name=facts.name, kind=facts.kind, contact_name=facts.contact_name,
            contact_phone=facts.contact_phone or None, note=facts.note, since_on=on, added_by=actor.name[:60],
            added_at=at,
        )  # fmt: skip
        _record(made, [_Step(made, "add", "", ACTIVE)], actor, at)
    return made


def _check_name(area: str, place_id: UUID, name: str, *, but: UUID | None = None) -> None:
    same = Partner.objects.filter(area=area, place_id=place_id, name=name, state=ACTIVE)
    if same.exclude(id=but).exists():
        raise PartnerExists(field="name", name=name)


def _locked(area: str, partner_id: UUID, actor: Actor, at: datetime, *, active: bool = True) -> Partner:
    """The partner, locked. Raises Refused, NotFound, PartnershipOver."""
    actor.require(PARTNER_MANAGE)
    if not queries.visible_to(actor, localdate(at), PARTNER_MANAGE).filter(area=area, id=partner_id).exists():
        raise NotFound(field="id")
    found = Partner.objects.select_for_update().get(area=area, id=partner_id)
    if active and found.state != ACTIVE:
        raise PartnershipOver(name=found.name)
    return found


def change(
    area: str, partner_id: UUID, given: PartnerFacts, *, keep_phone: bool = False, actor: Actor, at: datetime
) -> Partner:
    """Correct what is written down (修改); `keep_phone` leaves the telephone, which the screen shows masked.

    Raises Refused, NotFound, InvalidInput, PartnerExists, PartnershipOver.
    """
    facts = _checked(given)
    with transaction.atomic():
        partner = _locked(area, partner_id, actor, at)
        _check_name(area, partner.place_id, facts.name, but=partner.id)
        partner.name, partner.kind, partner.note = facts.name, facts.kind, facts.note
        partner.contact_name = facts.contact_name
        if not keep_phone:
            partner.contact_phone = facts.contact_phone or None  # type: ignore[assignment]
        partner.save()
        _record(partner, [_Step(partner, "change", partner.state, partner.state)], actor, at)
    return partner


def end(area: str, partner_id: UUID, reason: str, *, actor: Actor, at: datetime) -> Partner:
    """End a partnership (结束共建): its agreements end, what is open is dropped, the contact is erased.

    Raises Refused, NotFound, InvalidInput, UnknownEdge.
    """
    with transaction.atomic():
        partner = _locked(area, partner_id, actor, at, active=False)
        edge, said = _edge_of(PARTNERSHIP.edge(partner.state, "end"), reason)
        steps = [_Step(partner, edge.verb, edge.source, edge.target, said)]
        rows: list[Agreement | Task] = [
            *Agreement.objects.select_for_update().filter(area=area, partner_id=partner_id, state=IN_FORCE),
            *Task.objects.select_for_update().filter(area=area, partner_id=partner_id, state=OPEN),
        ]
        for row in rows:
            flow, verb = (AGREEMENT, "end") if isinstance(row, Agreement) else (TASK, "drop")
            step = flow.edge(row.state, verb)
            row.state = step.target
            row.save(update_fields=["state"])
            steps.append(_Step(row, step.verb, step.source, step.target, said))
        partner.state = edge.target
        partner.contact_name, partner.contact_phone = "", None  # type: ignore[assignment]
        partner.save()
        _record(partner, steps, actor, at)
    return partner


def resume(area: str, partner_id: UUID, reason: str, *, actor: Actor, at: datetime) -> Partner:
    """A partnership goes on (恢复共建). Raises Refused, NotFound, InvalidInput, UnknownEdge, PartnerExists."""
    with transaction.atomic():
        partner = _locked(area, partner_id, actor, at, active=False)
        edge, said = _edge_of(PARTNERSHIP.edge(partner.state, "resume"), reason)
        _check_name(area, partner.place_id, partner.name)
        partner.state = edge.target
        partner.save()
        _record(partner, [_Step(partner, edge.verb, edge.source, edge.target, said)], actor, at)
    return partner


def _edge_of(edge: Edge, said: str) -> tuple[Edge, str]:
    """The edge, and what it asks to be said. Raises InvalidInput."""
    if "result" in edge.requires:
        return edge, text_of(said, "said", "完成情况", "The result", 300)
    return edge, text_of(said, "said", "理由", "The reason", 200, needed="reason" in edge.requires)


def agree(
    area: str,
    partner_id: UUID,
    title: str,
    content: str,
    from_on: date,
    last_on: date | None = None,
    *,
    actor: Actor,
    at: datetime,
) -> Agreement:
    """Write down an agreement (登记协议). Raises Refused, NotFound, InvalidInput, PartnershipOver."""
    name = text_of(title, "title", "协议名称", "The title", 120)
    text = lines_of(content, "content", "约定事项", "What was agreed", 1000)
    if not text:
        raise InvalidInput(
            field="content", reason_zh="请填写约定事项。", reason_en="Write down what was agreed."
        )
    if last_on is not None and last_on < from_on:
        raise InvalidInput(
            field="last_on",
            reason_zh="截止日期不得早于开始日期。",
            reason_en="It must not end before it begins.",
        )
    with transaction.atomic():
        partner = _locked(area, partner_id, actor, at)
        made = Agreement.objects.create(
            area=area, partner=partner, title=name, content=text, from_on=from_on, last_on=last_on,
            made_by=actor.name[:60], made_at=at,
        )  # fmt: skip
        _record(partner, [_Step(made, "agree", "", IN_FORCE)], actor, at)
    return made


def end_agreement(
    area: str, partner_id: UUID, agreement_id: UUID, reason: str, *, actor: Actor, at: datetime
) -> Agreement:
    """End an agreement before its day (终止协议). Raises Refused, NotFound, InvalidInput, UnknownEdge."""
    with transaction.atomic():
        partner = _locked(area, partner_id, actor, at)
        rows = Agreement.objects.select_for_update()
        found = rows.filter(area=area, partner_id=partner_id, id=agreement_id).first()
        if found is None:
            raise NotFound(field="agreement_id")
        edge, said = _edge_of(AGREEMENT.edge(found.state, "end"), reason)
        found.state = edge.target
        found.save(update_fields=["state"])
        _record(partner, [_Step(found, edge.verb, edge.source, edge.target, said)], actor, at)
    return found


def set_task(
    area: str,
    partner_id: UUID,
    what: str,
    due_on: date,
    agreement_id: UUID | None = None,
    *,
    actor: Actor,
    at: datetime,
) -> Task:
    """A partner takes something on (登记任务). Raises Refused, NotFound, InvalidInput, PartnershipOver."""
    text = text_of(what, "what", "任务", "The task", 200)
    if due_on < localdate(at):
        raise InvalidInput(field="due_on", reason_zh="完成日期已过。", reason_en="The day has passed.")
    with transaction.atomic():
        partner = _locked(area, partner_id, actor, at)
        under = None
        if agreement_id is not None:
            under = Agreement.objects.filter(
                area=area, partner_id=partner_id, id=agreement_id, state=IN_FORCE
            ).first()
            if under is None:
                raise NotFound(field="agreement_id")
        made = Task.objects.create(
            area=area, partner=partner, agreement=under, what=text, due_on=due_on, set_by=actor.name[:60],
            set_at=at,
        )  # fmt: skip
        _record(partner, [_Step(made, "set", "", OPEN)], actor, at)
    return made


def perform(
    area: str, partner_id: UUID, task_id: UUID, verb: str, said: str, *, actor: Actor, at: datetime
) -> Task:
    """Take one step with a task: finish (完成), drop (取消), reopen (重新打开).

    Raises Refused, NotFound, UnknownEdge, InvalidInput, PartnershipOver.
    """
    with transaction.atomic():
        partner = _locked(area, partner_id, actor, at)
        task = Task.objects.select_for_update().filter(area=area, partner_id=partner_id, id=task_id).first()
        if task is None:
            raise NotFound(field="task_id")
        edge, text = _edge_of(TASK.edge(task.state, verb), said)
        task.state = edge.target
        task.result = text if edge.target == DONE else ""
        task.done_on = localdate(at) if edge.target == DONE else None
        task.save(update_fields=["state", "result", "done_on"])
        _record(partner, [_Step(task, edge.verb, edge.source, edge.target, text)], actor, at)
    return task


def reveal_phone(area: str, partner_id: UUID, reason: str, *, actor: Actor, at: datetime) -> str:
    """The contact's telephone in full, against a reason (查看电话). Raises Refused, NotFound, InvalidInput."""
    actor.require(PARTNER_MANAGE)
    said = text_of(reason, "reason", "理由", "The reason", 200)
    found = queries.visible_to(actor, localdate(at), PARTNER_MANAGE).filter(area=area, id=partner_id).first()
    if found is None:
        raise NotFound(field="id")
    audit.record_reveal(
        actor=actor, area=area, subject=str(found.id),
        detail={"what": "partner-phone", "reason": said}, at=at,
    )  # fmt: skip
    return str(found.contact_phone or "")
