"""Services (服务单): meals, medicine, waste. Placed by the person or for them, taken by whoever cares there."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ISOLATION_CARE, ISOLATION_MANAGE
from shanzhi.base.rows import in_sets
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.isolation import packs, queries, recording
from shanzhi.scenes.isolation.errors import Over, SameIdOtherContent
from shanzhi.scenes.isolation.flow import DONE, PLACED, RESIDENT, SERVICE, TAKEN, Subject
from shanzhi.scenes.isolation.models import Isolation, Service, Standing
from shanzhi.scenes.isolation.slots import PREFIX

MOST_OPEN = 20
DAYS_AHEAD = 7

# What is wanted every day, for today, of whoever is still cared for: once a day, however often this runs.
_DAILY = """
INSERT INTO isolation_service (id, area, isolation_id, place_id, standing_id, kind, content, content_hash, for_on,
  state, taken_by, placed_at)
SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, s.area, s.isolation_id, i.place_id, s.id,
  s.kind, s.content, ''::bytea, %(on)s, 'placed', '', %(at)s
FROM isolation_standing s JOIN isolation_isolation i ON i.area = s.area AND i.id = s.isolation_id
WHERE s.stopped_at IS NULL AND s.since_on <= %(on)s AND i.state IN ('isolating', 'proposed', 'monitoring')
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class NewService:
    """What is wanted; `id` is made by whoever asks. `daily`: the same every day until it is stopped."""

    id: UUID
    kind: str
    text: str = ""
    for_on: date | None = None
    daily: bool = False


def place(isolation: Isolation, new: NewService, *, actor: Actor, at: datetime) -> tuple[Service, bool]:
    """Place a service order (下单); it, and whether it is new. The caller found the isolation for this actor.

    Raises InvalidInput, Over, SameIdOtherContent.
    """
    service = packs.one_of(packs.care().services, new.kind, "kind")
    text = text_of(new.text, "text", "说明", "What is wanted", 200, needed=service.code == "other")
    today = localdate(at)
    for_on = new.for_on or today
    if not today <= for_on <= today + timedelta(days=DAYS_AHEAD):
        raise InvalidInput(
            field="for_on", reason_zh=f"日期应在今天起 {DAYS_AHEAD} 天之内。",
            reason_en=f"The day lies within the next {DAYS_AHEAD} days.",
        )  # fmt: skip
    if new.daily and not service.daily:
        raise InvalidInput(
            field="daily",
            reason_zh="这项服务不能每日自动下单。",
            reason_en="It cannot be ordered for every day.",
        )
    hashed = queries.content_hash(str(isolation.id), new.kind, text, str(new.for_on), new.daily)
    with transaction.atomic():
        locked = Isolation.objects.select_for_update().get(area=isolation.area, id=isolation.id)
        known = Service.objects.filter(id=new.id).first()
        if known is not None:
            if known.isolation_id != locked.id or bytes(known.content_hash) != hashed:
                raise SameIdOtherContent(field="id")
            return known, False
        if not queries.is_live(locked, today):
            raise Over
        if Service.objects.filter(area=locked.area, isolation=locked, ended_at=None).count() >= MOST_OPEN:
            raise InvalidInput(
                field="kind", reason_zh="未完成的服务单太多，请等前面的送到。",
                reason_en="Too many orders are open: wait for those before.",
            )  # fmt: skip
        standing = None
        if new.daily:
            standing = Standing.objects.create(
                area=locked.area, isolation=locked, kind=new.kind, content=text, since_on=for_on
            )
        made = Service.objects.create(
            id=new.id, area=locked.area, isolation=locked, place_id=locked.place_id, standing=standing,
            kind=new.kind, content=text, content_hash=hashed, for_on=for_on, placed_at=at,
        )  # fmt: skip
        recording.event(
            locked, "place", actor, at, subject=Subject.SERVICE, subject_id=made.id, target=PLACED
        )
    return made, True


def place_by_staff(
    area: str, isolation_id: UUID, new: NewService, *, actor: Actor, at: datetime
) -> tuple[Service, bool]:
    """Place one for somebody who asked on the telephone. Raises as `place`, and NotFound."""
    return place(queries.touched_by(actor, area, isolation_id, at), new, actor=actor, at=at)


def perform(
    area: str, service_id: UUID, verb: str, *, actor: Actor, at: datetime, reason: str = ""
) -> Service:
    """Take, give back, done, decline; cancel and not received by the person.

    Raises NotFound, Refused, UnknownEdge, InvalidInput naming `reason`.
    """
    with transaction.atomic():
        service = Service.objects.select_for_update().filter(area=area, id=service_id).first()
        if service is None:
            raise NotFound(field="id")
        isolation = Isolation.objects.get(area=area, id=service.isolation_id)
        if actor.channel != RESIDENT:
            queries.touched_by(actor, area, isolation.id, at)
        edge = SERVICE.edge(service.state, verb)
        _check(edge, actor, isolation, at)
        if verb == "not_received" and not queries.is_live(isolation, localdate(at)):
            raise Over
        said = text_of(reason, "reason", "理由", "The reason", 200, needed="reason" in edge.requires)
        _move(service, edge, actor, at)
        event = recording.event(
            isolation, verb, actor, at, subject=Subject.SERVICE, subject_id=service.id, source=edge.source,
            target=edge.target, text=said,
        )  # fmt: skip
        if verb == "decline":
            recording.tell(isolation, event.id, at)
    return service


def _check(edge: Edge, actor: Actor, isolation: Isolation, at: datetime) -> None:
    if edge.capability == RESIDENT:
        if actor.channel != RESIDENT:
            raise Refused
        return
    on = localdate(at)
    if actor.channel == RESIDENT or not any(
        queries.in_reach(actor, one, isolation.place_id, on) for one in (ISOLATION_CARE, ISOLATION_MANAGE)
    ):
        raise Refused


def _move(service: Service, edge: Edge, actor: Actor, at: datetime) -> None:
    service.state = edge.target
    if edge.target == TAKEN:
        service.taken_by_id, service.taken_by = actor.account_id, actor.name[:60]
    if edge.target == PLACED:
        service.taken_by_id, service.taken_by = None, ""
    service.ended_at = at if edge.target == DONE or SERVICE.state(edge.target).final else None
    service.save(update_fields=["state", "taken_by_id", "taken_by", "ended_at"])


def say(service: Service, was_fine: bool) -> None:
    """The person's own word afterwards, if they want to say one (评价, optional)."""
    if service.state != DONE:
        raise InvalidInput(field="was_fine", reason_zh="送达之后才能评价。", reason_en="It has not come yet.")
    Service.objects.filter(area=service.area, id=service.id).update(was_fine=was_fine)


def stop_daily(isolation: Isolation, standing_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Stop what comes every day (停止每日服务). Raises NotFound."""
    with transaction.atomic():
        changed = Standing.objects.filter(
            area=isolation.area, isolation=isolation, id=standing_id, stopped_at=None
        ).update(stopped_at=at)
        if not changed:
            raise NotFound(field="standing_id")
        recording.event(isolation, "stop_daily", actor, at, subject=Subject.SERVICE, subject_id=standing_id)


def make_daily(at: datetime) -> int:
    """Orders of today for what is wanted every day (每日下单); how many."""
    given = {"prefix": str(uuid7())[:PREFIX], "on": localdate(at), "at": at}
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(_DAILY, given)
        return int(cursor.rowcount)
