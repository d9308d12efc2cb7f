"""How isolations end without anybody's click: the last day of the response, the end of it, monitoring that is over.

Set-based; a transfer that is open stays open: nobody who waits for a doctor is forgotten.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.outbox import actions as outbox
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation import packs, recording, slots
from shanzhi.scenes.isolation.editions import applying
from shanzhi.scenes.isolation.models import Isolation, Regime

BATCH = 2000

_END = """
WITH due AS (
  SELECT i.area, i.id, i.state FROM isolation_isolation i
  LEFT JOIN modes_activation a ON a.id = i.activation_id
  WHERE {which} ORDER BY i.area, i.id LIMIT %(limit)s FOR UPDATE OF i SKIP LOCKED
), ended AS (
  UPDATE isolation_isolation i SET state = %(to)s, ended_at = %(at)s
  FROM due WHERE i.area = due.area AND i.id = due.id RETURNING i.area, i.id, due.state
), told AS (
  INSERT INTO isolation_isolationevent (id, area, isolation_id, subject, subject_id, verb, from_state, to_state,
    actor_id, actor_name, at)
  SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, area, id, 'isolation', id, %(verb)s,
    state, %(to)s, %(actor)s, %(name)s, %(at)s FROM ended
)
SELECT area, array_agg(id) FROM ended GROUP BY area ORDER BY area
"""
_LIVE = "i.state IN ('referred', 'isolating', 'proposed', 'monitoring')"
# Its response is over, or its hard last day has passed, whatever else was done or forgotten.
_LAPSED = (
    f"{_LIVE} AND i.activation_id IS NOT NULL AND (a.id IS NULL OR a.state <> 'live' OR a.last_on < %(on)s)"
)
_OF_ACTIVATION = f"{_LIVE} AND i.activation_id = %(activation)s"
_FINISHED = "i.state = 'monitoring' AND i.monitored_until_on <= %(on)s"
_SERVICES = """
UPDATE isolation_service SET state = 'cancelled', ended_at = %(at)s
WHERE area = %(area)s AND isolation_id = ANY(%(ids)s) AND state IN ('placed', 'taken')
"""
_STANDING = """
UPDATE isolation_standing SET stopped_at = %(at)s
WHERE area = %(area)s AND isolation_id = ANY(%(ids)s) AND stopped_at IS NULL
"""


def after(area: str, ids: Sequence[UUID], at: datetime) -> None:
    """What stops when isolations end: check-ins, daily services, services that nobody has brought yet."""
    slots.void(area, ids)
    with connection.cursor() as cursor:
        for sql in (_SERVICES, _STANDING):
            cursor.execute(sql, {"area": area, "ids": list(ids), "at": at})


def _end(which: str, verb: str, to: str, at: datetime, actor: Actor, given: dict[str, Any]) -> int:
    params = given | {
        "at": at, "on": localdate(at), "to": to, "verb": verb, "limit": BATCH, "actor": actor.account_id,
        "name": actor.name[:60], "prefix": str(uuid7())[: slots.PREFIX],
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_END.format(which=which), params)
        rows = cursor.fetchall()
        for area, ids in rows:
            after(area, ids, at)
            for one in Isolation.objects.filter(area=area, id__in=ids, may_message=True):
                recording.tell(one, one.id, at)
            news = outbox.News(area, recording.TOPIC, uuid7(), verb, {"what": "ended", "count": len(ids)}, at)
            outbox.publish([news])
    return sum(len(ids) for _, ids in rows)


def end_due(at: datetime) -> int:
    """End what is over by law (依法终止) and monitoring whose days are over (监测期满); how many."""
    return _end(_LAPSED, "lapse", "lapsed", at, SYSTEM, {}) + _end(
        _FINISHED, "finish", "released", at, SYSTEM, {}
    )


def end_activation(activation_id: UUID, actor: Actor, at: datetime) -> int:
    """End all that depends on a response (随响应终止), and the leave to begin any more; how many people."""
    Regime.objects.filter(activation_id=activation_id, ended_at=None).update(ended_at=at)
    ended = 0
    while done := _end(_OF_ACTIVATION, "lapse", "lapsed", at, actor, {"activation": activation_id}):
        ended += done
    return ended


def follow_editions(at: datetime) -> int:
    """Give those isolated now the dates of the edition in force (按现行版本重算); how many got earlier ones."""
    editions, on, moved = packs.editions(), localdate(at), 0
    groups = (
        Isolation.objects.filter(state="isolating")
        .values_list("edition", "begun_on", "release_on")
        .order_by("edition", "begun_on")
        .distinct()
    )
    for code, begun_on, release_on in list(groups):
        if code not in editions:
            continue
        plan = applying(editions, code, begun_on, on)
        if plan.release_on < release_on:
            moved += Isolation.objects.filter(
                state="isolating", edition=code, begun_on=begun_on, release_on=release_on
            ).update(release_on=plan.release_on, monitored_until_on=plan.monitored_until_on)
    return moved
