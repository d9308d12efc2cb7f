"""The verbs of the fenced store: open a task, add people and facts, inform, refer, take out, close. No export."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import get_current_timezone, localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.access.capabilities import CONTACT_TRACE
from shanzhi.base.audit import actions as audit
from shanzhi.base.retention.holdings import Destroyed, Scope
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.isolation import beginning, leads, packs, queries, recording
from shanzhi.scenes.isolation import contacts_queries as store
from shanzhi.scenes.isolation.contacts_models import (
    MOST_DAYS,
    ContactFact,
    ContactLead,
    ContactPerson,
    ContactState,
    ContactTask,
    FactKind,
    LeadState,
)
from shanzhi.scenes.isolation.errors import OneHop, SameIdOtherContent, StoreClosed, TaskClosed
from shanzhi.scenes.isolation.models import Isolation

FARTHEST = 2  # a contact's contact; nobody beyond
MOST_FACTS = 12


@dataclass(frozen=True)
class NewFact:
    """A typed fact; `on_day` for a session only."""

    kind: str
    value: str
    on_day: date | None = None


@dataclass(frozen=True)
class NewPerson:
    """Somebody of a task. Without `found_through` the facts must link them to somebody nearer to the case."""

    id: UUID
    name: str
    last_exposed_on: date
    phone: str = ""
    found_through: UUID | None = None
    facts: Sequence[NewFact] = field(default_factory=tuple)


def _number(area: str, at: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('isolation_number') %% 1000000", [])
        row = cursor.fetchone()
    return f"{store.NUMBER_PREFIX}{area}{localdate(at):%y%m%d}{row[0] if row else 0:06d}"


def open_task(
    community_id: UUID,
    case: NewPerson,
    *,
    actor: Actor,
    at: datetime,
    lead: tuple[str, UUID] | None = None,
) -> ContactTask:
    """Open a task of tracing (开始流调) around one case, during a live response with a basis; perhaps from a lead.

    Raises Refused, NotFound, StoreClosed, InvalidInput.
    """
    actor.require(CONTACT_TRACE)
    on = localdate(at)
    place = places.visible_to(actor, on, CONTACT_TRACE).filter(id=community_id, closed_on=None).first()
    if place is None:
        raise NotFound(field="community_id")
    if place.level != Level.COMMUNITY:
        raise InvalidInput(
            field="community_id", reason_zh="流调任务开在社区，不细到网格。",
            reason_en="A task is opened for a community, for nothing finer.",
        )  # fmt: skip
    response = store.response_at(community_id, on)
    if response is None:
        raise StoreClosed(field="community_id")
    with transaction.atomic():
        task = ContactTask.objects.create(
            area=place.area, number=_number(place.area, at), community_id=community_id,
            activation_id=response.id, basis=response.basis, document=response.document, opened_by=actor.name[:60],
            opened_at=at, destroy_at=at + timedelta(days=MOST_DAYS),
        )  # fmt: skip
        _write(task, case, 0, None, actor, at)
        if lead is not None:
            if leads.settle(*lead, LeadState.TAKEN.value, actor=actor, at=at) != community_id:
                raise NotFound(field="lead")
        audit.record(
            actor=actor, event="contacts.task-opened", area=task.area, subject=str(task.id), at=at,
            detail={"number": task.number, "community": str(community_id)},
        )  # fmt: skip
    return task


def add_person(
    area: str, task_id: UUID, new: NewPerson, *, actor: Actor, at: datetime
) -> tuple[ContactPerson, bool]:
    """Write down a contact, one hop from somebody of the task (登记密接); it, and whether it is new.

    Raises NotFound, TaskClosed, OneHop, InvalidInput, SameIdOtherContent.
    """
    with transaction.atomic():
        task = _locked(area, task_id, actor, at)
        known = ContactPerson.objects.filter(id=new.id).first()
        if known is not None:
            if known.task_id != task.id or bytes(known.content_hash) != _hash(new):
                raise SameIdOtherContent(field="id")
            return known, False
        through = _through(task, new, at)
        if through.degree >= FARTHEST:
            raise OneHop(field="found_through")
        made = _write(task, new, through.degree + 1, through, actor, at)
    return made, True


def _hash(new: NewPerson) -> bytes:
    facts = [(one.kind, one.value, one.on_day) for one in new.facts]
    return queries.content_hash(new.name, new.phone, new.last_exposed_on, str(new.found_through or ""), facts)


def _through(task: ContactTask, new: NewPerson, at: datetime) -> ContactPerson:
    people = store.people_of(task, at)
    if new.found_through is not None:
        found = people.filter(id=new.found_through).first()
        if found is None:
            raise NotFound(field="found_through")
        return found
    marks = [store.mark(task.id, one.kind, one.value, one.on_day) for one in _facts(new.facts)]
    nearest = (
        people.filter(
            id__in=ContactFact.objects.filter(area=task.area, mark__in=marks).values("person_id"),
            degree__lt=FARTHEST,
        )
        .order_by("degree", "added_at", "id")
        .first()
    )
    if nearest is None:
        raise InvalidInput(
            field="found_through",
            reason_zh="填写的住址、家庭和同场事实与任务中的人都对不上，请选择是通过谁发现的。",
            reason_en="The facts link to nobody of the task: say through whom the person was found.",
        )
    return nearest


def _facts(given: Sequence[NewFact]) -> list[NewFact]:
    if len(given) > MOST_FACTS:
        raise InvalidInput(field="facts", reason_zh="事实太多。", reason_en="Too many facts.")
    checked = []
    for one in given:
        if one.kind not in FactKind.values:
            raise InvalidInput(
                field="facts", reason_zh="没有这种事实。", reason_en="There is no such kind of fact."
            )
        if (one.kind == "session") != (one.on_day is not None):
            raise InvalidInput(
                field="facts", reason_zh="同场要写明日期，住址和家庭不写日期。",
                reason_en="A session has a day; a door and a household have none.",
            )  # fmt: skip
        value = text_of(one.value, "facts", "内容", "The fact", 80)
        checked.append(NewFact(one.kind, value, one.on_day))
    return checked


def _write(
    task: ContactTask, new: NewPerson, degree: int, through: ContactPerson | None, actor: Actor, at: datetime
) -> ContactPerson:
    on, days = localdate(at), packs.contacts().observe_days
    if not on - timedelta(days=MOST_DAYS) <= new.last_exposed_on <= on:
        raise InvalidInput(
            field="last_exposed_on", reason_zh=f"最后接触日期应在过去 {MOST_DAYS} 天之内。",
            reason_en=f"The last exposure lies within the last {MOST_DAYS} days.",
        )  # fmt: skip
    until = new.last_exposed_on + timedelta(days=days)
    if until <= on:
        raise InvalidInput(
            field="last_exposed_on", reason_zh=f"观察期已于 {until} 结束，不需要再登记。",
            reason_en=f"The days of observation ended on {until}: there is no need to write it down.",
        )  # fmt: skip
    over = datetime.combine(until, time(0), get_current_timezone())
    made = ContactPerson.objects.create(
        id=new.id, area=task.area, task=task, number=_number(task.area, at), degree=degree, found_through=through,
        name=text_of(new.name, "name", "姓名", "The name", 40),
        phone=recording.phone_of(new.phone, "phone", needed=False), last_exposed_on=new.last_exposed_on,
        observe_until_on=until, added_by=actor.name[:60], added_at=at,
        destroy_at=min(over, task.destroy_at, at + timedelta(days=MOST_DAYS)), content_hash=_hash(new),
    )  # fmt: skip
    _add_facts(task, made, new.facts)
    return made


def _add_facts(task: ContactTask, person: ContactPerson, given: Sequence[NewFact]) -> None:
    ContactFact.objects.bulk_create(
        (
            ContactFact(
                area=task.area, person=person, kind=one.kind, on_day=one.on_day, value=one.value,
                mark=store.mark(task.id, one.kind, one.value, one.on_day),
            )
            for one in _facts(given)
        ),
        ignore_conflicts=True,
    )  # fmt: skip


def add_facts(
    area: str, person_id: UUID, facts: Sequence[NewFact], *, actor: Actor, at: datetime
) -> ContactPerson:
    """Add facts about somebody (补充事实). Raises NotFound, TaskClosed, InvalidInput."""
    with transaction.atomic():
        person = store.person_for(actor, area, person_id, at)
        task = _locked(area, person.task_id, actor, at)
        _add_facts(task, person, facts)
        store.log_reads(actor, [person], "check", at)
    return person


def _locked(area: str, task_id: UUID, actor: Actor, at: datetime) -> ContactTask:
    store.task_for(actor, area, task_id, at)
    found = ContactTask.objects.select_for_update().get(area=area, id=task_id)
    if found.closed_at is not None:
        raise TaskClosed
    return found


def inform(area: str, person_id: UUID, *, actor: Actor, at: datetime) -> ContactPerson:
    """Note that the person was told, and got the address of their page (已告知). Raises NotFound, TaskClosed."""
    with transaction.atomic():
        person = store.person_for(actor, area, person_id, at)
        _locked(area, person.task_id, actor, at)
        ContactPerson.objects.filter(area=area, id=person_id, state=ContactState.OPEN).update(
            state=ContactState.INFORMED
        )
        store.log_reads(actor, [person], "inform", at)
        person.refresh_from_db(fields=["state"])
    return person


def reveal(
    area: str, person_id: UUID, purpose: str, reason: str, *, actor: Actor, at: datetime
) -> dict[str, str]:
    """Name, telephone and the address of their page, in full: for a purpose that the person is shown.

    Raises NotFound, InvalidInput.
    """
    code = packs.one_of(packs.contacts().purposes, purpose, "purpose").code
    said = text_of(reason, "reason", "理由", "The reason", 200)
    person = store.person_for(actor, area, person_id, at)
    with transaction.atomic():
        store.log_reads(actor, [person], code, at)
        audit.record_reveal(
            actor=actor, area=area, subject=str(person.id), at=at,
            detail={"what": "contact", "number": person.number, "reason": said},
        )  # fmt: skip
    return {"name": person.name, "phone": person.phone or "", "link": store.link_of(person)}


def refer(area: str, person_id: UUID, *, actor: Actor, at: datetime) -> Isolation:
    """Hand a contact over to the care desk (转入照护): name and telephone are copied, with the basis of the task.

    The care desk checks and begins, or says that it is not needed. Neither row refers to the other. Raises
    NotFound, TaskClosed, InvalidInput for somebody who was referred, NoActivation.
    """
    with transaction.atomic():
        person = store.person_for(actor, area, person_id, at)
        task = _locked(area, person.task_id, actor, at)
        locked = ContactPerson.objects.select_for_update().get(area=area, id=person_id)
        if locked.state == ContactState.REFERRED:
            raise InvalidInput(field="id", reason_zh="已经转入照护。", reason_en="Referred already.")
        made = beginning.refer(
            place_id=task.community_id, name=person.name, phone=person.phone or "",
            begun_on=person.last_exposed_on, activation_id=task.activation_id, actor=actor, at=at,
        )  # fmt: skip
        locked.state = ContactState.REFERRED
        locked.save(update_fields=["state"])
        store.log_reads(actor, [person], "refer", at)
    return made


def take_out(area: str, person_id: UUID, reason: str, *, actor: Actor, at: datetime) -> None:
    """Delete somebody written down by mistake, and who was found through them (删除误登). Raises NotFound."""
    said = text_of(reason, "reason", "理由", "The reason", 200)
    with transaction.atomic():
        person = store.person_for(actor, area, person_id, at)
        _locked(area, person.task_id, actor, at)
        if person.degree == 0:
            raise InvalidInput(
                field="id",
                reason_zh="指示病例随任务结束，不能单独删除。",
                reason_en="The case goes with its task.",
            )
        rows = ContactPerson.objects.filter(area=area, task_id=person.task_id)
        gone = [person.id, *rows.filter(found_through_id=person.id).values_list("id", flat=True)]
        ContactFact.objects.filter(area=area, person_id__in=gone).delete()
        rows.filter(id__in=gone).exclude(id=person.id).delete()
        rows.filter(id=person.id).delete()
        audit.record(
            actor=actor, event="contacts.taken-out", area=area, subject=str(person_id), at=at,
            detail={"rows": len(gone), "reason": said},
        )  # fmt: skip


def close_task(area: str, task_id: UUID, *, actor: Actor, at: datetime) -> ContactTask:
    """End a task (结束流调): nobody is looked at any more; the rows go with the next night. Raises NotFound."""
    with transaction.atomic():
        task = _locked(area, task_id, actor, at)
        task.closed_at = task.destroy_at = at
        task.save(update_fields=["closed_at", "destroy_at"])
        ContactPerson.objects.filter(area=area, task=task).update(destroy_at=at)
        audit.record(
            actor=actor, event="contacts.task-closed", area=area, subject=str(task_id), at=at,
            detail={"number": task.number},
        )  # fmt: skip
    return task


def close_of(activation_id: UUID, at: datetime) -> int:
    """Close the tasks of a response (随响应关闭); the retention run destroys them with a certificate. How many."""
    ContactLead.objects.filter(activation_id=activation_id, state=LeadState.OPEN).update(
        state=LeadState.DISMISSED, settled_at=at, settled_by=SYSTEM.name, reason="响应终止", door=None
    )
    return ContactTask.objects.filter(activation_id=activation_id, closed_at=None).update(closed_at=at)


def destroy_due(at: datetime) -> Destroyed:
    """Delete what is due (到期销毁), at the latest 30 days after it was written; what went is in the security log."""
    from shanzhi.scenes.isolation import held

    with transaction.atomic():
        gone = held.destroy_due(Scope(before=at))
        if gone.rows:
            audit.record(
                actor=SYSTEM, event="contacts.destroyed", at=at,
                detail={"rows": gone.rows, "digest": gone.digest},
            )  # fmt: skip
    return gone
