"""How an isolation begins (开始居家隔离): under a live response, of one's own will, or as a referral."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ISOLATION_MANAGE
from shanzhi.base.messaging.addresses import digest
from shanzhi.city.compounds import queries as compounds
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.isolation import packs, queries, recording, slots
from shanzhi.scenes.isolation.editions import Schedule, schedule
from shanzhi.scenes.isolation.errors import BeyondLastDay, NoActivation, SameIdOtherContent
from shanzhi.scenes.isolation.flow import ISOLATING, ISOLATION, MONITORING, REFERRED
from shanzhi.scenes.isolation.models import Isolation

MOST_HOUSEHOLD = 20
MOST_EMERGENCY = 4


@dataclass(frozen=True)
class Member:
    """Somebody of the household; who they are to the person."""

    name: str
    relation: str = ""


@dataclass(frozen=True)
class Emergency:
    """Whom to ring when the person does not answer."""

    name: str
    phone: str
    relation: str = ""


@dataclass(frozen=True)
class NewIsolation:
    """What begins; `id` is made by the client and is its identity. `compound` is (area, id)."""

    id: UUID
    place_id: UUID
    name: str
    phone: str
    begun_on: date
    door: str = ""
    compound: tuple[str, UUID] | None = None
    floor_id: UUID | None = None
    household: Sequence[Member] = field(default_factory=tuple)
    emergency: Sequence[Emergency] = field(default_factory=tuple)
    needs: Sequence[str] = field(default_factory=tuple)
    is_voluntary: bool = False
    may_message: bool = False
    basis: str = ""
    document: str = ""


@dataclass(frozen=True)
class Where:
    """The deepest place that is known, and what stands there."""

    place_id: UUID
    area: str
    compound_id: UUID | None
    floor_id: UUID | None


def begin(new: NewIsolation, *, actor: Actor, at: datetime) -> tuple[Isolation, bool]:
    """Begin an isolation, or voluntary monitoring; it, and whether it is new.

    The same id with the same content is the same isolation. Raises Refused, NotFound, OutsideYourPlaces,
    NoActivation, BeyondLastDay, InvalidInput, SameIdOtherContent.
    """
    actor.require(ISOLATION_MANAGE)
    hashed = queries.content_hash(asdict(new))
    if (known := _known(new.id, hashed, actor, at)) is not None:
        return known, False
    where = _where(new, actor, at)
    person = _person(new)
    legal, plan = _terms(new, where.place_id, at)
    with transaction.atomic():
        made = Isolation.objects.create(
            id=new.id, area=where.area, number=_number(where.area, at), place_id=where.place_id,
            compound_id=where.compound_id, floor_id=where.floor_id, is_voluntary=new.is_voluntary,
            state=MONITORING if new.is_voluntary else ISOLATING, begun_on=plan.begun_on, release_on=plan.release_on,
            monitored_until_on=plan.monitored_until_on, begun_by=actor.name[:60], begun_at=at, content_hash=hashed,
            **person, **legal,
        )  # fmt: skip
        made = queries.isolation_for_writer(made.area, made.id)
        event = recording.event(made, "begin", actor, at, target=made.state)
        slots.make(at, area=made.area, ids=[made.id])
        recording.tell(made, event.id, at)
    return made, True


def refer(
    *, place_id: UUID, name: str, phone: str, begun_on: date, activation_id: UUID, actor: Actor, at: datetime
) -> Isolation:
    """Take over name and telephone of somebody for whom isolation is asked (转入), to be checked by the care desk.

    The caller has checked who acts. Nothing refers back to where they come from. Raises NoActivation.
    """
    where = _ground(place_id)
    found = next(
        (one for one in queries.allowed_at(place_id, at) if one.activation.id == activation_id), None
    )
    if found is None:
        raise NoActivation(field="place_id")
    plan = schedule(packs.edition(found.regime.edition), begun_on)
    with transaction.atomic():
        made = Isolation.objects.create(
            area=where.area, number=_number(where.area, at), place_id=place_id, activation_id=activation_id,
            edition=found.regime.edition, is_drill=found.regime.is_drill, basis=found.activation.basis,
            document=found.activation.document, state=REFERRED, name=name, phone=phone,
            phone_digest=digest(phone) if phone else "", begun_on=begun_on, release_on=plan.release_on,
            monitored_until_on=plan.monitored_until_on, begun_by=actor.name[:60], begun_at=at,
            content_hash=queries.content_hash(name, phone, begun_on),
        )  # fmt: skip
        made = queries.isolation_for_writer(made.area, made.id)
        recording.event(made, "refer", actor, at, target=REFERRED)
    return made


def begin_referred(isolation: Isolation, new: NewIsolation, *, actor: Actor, at: datetime) -> Isolation:
    """Begin what was referred, as the care desk has checked it (核实并开始); in the caller's transaction."""
    ISOLATION.edge(isolation.state, "begin")
    where = _where(new, actor, at)
    if where.area != isolation.area:
        raise OutsideYourPlaces(field="place_id", name=places.node(new.place_id, localdate(at)).name)
    legal, plan = _terms(new, where.place_id, at)
    for name, value in (_person(new) | legal).items():
        setattr(isolation, name, value)
    source, isolation.state = isolation.state, ISOLATING
    isolation.place_id, isolation.compound_id, isolation.floor_id = (
        where.place_id, where.compound_id, where.floor_id,
    )  # fmt: skip
    isolation.begun_on, isolation.release_on = plan.begun_on, plan.release_on
    isolation.monitored_until_on, isolation.begun_at = plan.monitored_until_on, at
    isolation.save()
    event = recording.event(isolation, "begin", actor, at, source=source, target=ISOLATING)
    slots.make(at, area=isolation.area, ids=[isolation.id])
    recording.tell(isolation, event.id, at)
    return isolation


def _known(row_id: UUID, hashed: bytes, actor: Actor, at: datetime) -> Isolation | None:
    found: Isolation | None = Isolation.objects.filter(id=row_id).first()
    if found is None:
        return None
    if bytes(found.content_hash) != hashed or not queries.in_reach(
        actor, ISOLATION_MANAGE, found.place_id, localdate(at)
    ):
        raise SameIdOtherContent(field="id")
    return queries.isolation_for_writer(found.area, found.id)


def _number(area: str, at: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('isolation_number') %% 1000000", [])
        row = cursor.fetchone()
    return f"{queries.NUMBER_PREFIX}{area}{localdate(at):%y%m%d}{row[0] if row else 0:06d}"


def _ground(place_id: UUID) -> Where:
    found = places.place_of_report(place_id, None, None)
    if found is None:
        raise InvalidInput(
            field="place_id", reason_zh="请选择区县以下的地方：社区、网格或微网格。",
            reason_en="Choose a place below the district: a community, a grid or a micro-grid.",
        )  # fmt: skip
    return Where(found.id, found.area, None, None)


def _where(new: NewIsolation, actor: Actor, at: datetime) -> Where:
    """The place chosen, or the micro-grid of the floor where that is known; within the actor's posts."""
    on, ground = localdate(at), _ground(new.place_id)
    place_id, compound_id, floor_id = ground.place_id, None, None
    if not queries.in_reach(actor, ISOLATION_MANAGE, place_id, on):
        raise OutsideYourPlaces(field="place_id", name=places.node(place_id, on).name)
    if new.compound is not None:
        compound = compounds.compound_for(actor, *new.compound, on, ISOLATION_MANAGE)
        if compound.area != ground.area:
            raise NotFound(field="compound")
        compound_id = compound.id
        if new.floor_id is not None:
            rows = compounds.floors_of(compound.area, [compound.id], on)
            floor = next((row for _, row in rows if row.id == new.floor_id), None)
            if floor is None:
                raise NotFound(field="floor_id")
            floor_id = floor.id
            if floor.microgrid_id and queries.in_reach(actor, ISOLATION_MANAGE, floor.microgrid_id, on):
                place_id = floor.microgrid_id
    return Where(place_id, ground.area, compound_id, floor_id)


def _person(new: NewIsolation) -> dict[str, Any]:
    """The columns that tell of the person, checked."""
    phone = recording.phone_of(new.phone, "phone")
    needs = [packs.one_of(packs.care().needs, code, "needs").code for code in dict.fromkeys(new.needs)]
    if len(new.household) > MOST_HOUSEHOLD or len(new.emergency) > MOST_EMERGENCY:
        which = "household" if len(new.household) > MOST_HOUSEHOLD else "emergency"
        raise InvalidInput(field=which, reason_zh="登记的人太多。", reason_en="Too many people are given.")
    household = [
        {"name": text_of(one.name, "household", "姓名", "The name", 40),
         "relation": text_of(one.relation, "household", "关系", "The relation", 20, needed=False)}
        for one in new.household
    ]  # fmt: skip
    emergency = [
        {"name": text_of(one.name, "emergency", "姓名", "The name", 40),
         "phone": recording.phone_of(one.phone, "emergency"),
         "relation": text_of(one.relation, "emergency", "关系", "The relation", 20, needed=False)}
        for one in new.emergency
    ]  # fmt: skip
    return {
        "name": text_of(new.name, "name", "姓名", "The name", 40), "phone": phone, "phone_digest": digest(phone),
        "door": text_of(new.door, "door", "门牌", "The door", 80, needed=not new.is_voluntary),
        "household": json.dumps(household, ensure_ascii=False) if household else "",
        "emergency": json.dumps(emergency, ensure_ascii=False) if emergency else "",
        "needs": json.dumps(needs) if needs else "", "may_message": new.may_message,
    }  # fmt: skip


def _terms(new: NewIsolation, place_id: UUID, at: datetime) -> tuple[dict[str, Any], Schedule]:
    """On what basis, by which edition, until when."""
    on, care = localdate(at), packs.care()
    if not on - timedelta(days=care.most_days) <= new.begun_on <= on + timedelta(days=1):
        raise InvalidInput(
            field="begun_on", reason_zh=f"开始日期应在过去 {care.most_days} 天到明天之间。",
            reason_en=f"It begins within the last {care.most_days} days, or tomorrow.",
        )  # fmt: skip
    if new.is_voluntary:
        if not care.voluntary:
            raise NoActivation(field="is_voluntary")
        edition = next((one for one in packs.editions().values() if one.voluntary and one.holds(on)), None)
        if edition is None:
            raise NoActivation(field="is_voluntary")
        return {"edition": edition.code, "activation_id": None}, schedule(edition, new.begun_on)
    allowed = queries.allowed_at(place_id, at)
    found = next((one for one in allowed if one.activation.is_compulsory), None)
    if found is None:
        more = (
            {
                "more_zh": "现有响应没有载明法律依据和最后一天。",
                "more_en": "It names no legal basis and end.",
            }
            if allowed
            else {}
        )
        raise NoActivation(field="place_id", **more)
    last = found.activation.last_on
    if last is not None and new.begun_on > last:
        raise BeyondLastDay(field="begun_on", last_on=last)
    plan = schedule(packs.edition(found.regime.edition), new.begun_on)
    if plan.release_on <= on:
        raise InvalidInput(
            field="begun_on", reason_zh=f"按这个日期，隔离已于 {plan.release_on} 期满，不能再开始。",
            reason_en=f"From that day on it would have ended on {plan.release_on}: it cannot begin.",
        )  # fmt: skip
    legal = {
        "edition": found.regime.edition, "activation_id": found.activation.id, "is_drill": found.regime.is_drill,
        "basis": text_of(new.basis or found.activation.basis, "basis", "法律依据", "The legal basis", 200),
        "document": text_of(
            new.document or found.activation.document, "document", "决定文号", "The document", 80
        ),
    }  # fmt: skip
    return legal, plan
