"""A missed check-in climbs (漏报升级): reminder, worker, duty officer, one set-based step for all who are silent.

Safe beside other workers and after being killed: the slot, its rung and the news stand or fall together.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from shanzhi.base.messaging import actions as messaging
from shanzhi.base.outbox import actions as outbox
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation import packs, recording
from shanzhi.scenes.isolation.models import Isolation
from shanzhi.scenes.isolation.slots import PREFIX

BATCH = 5000
REMIND = "remind"

_CLIMB = """
WITH due AS (
  SELECT area, id FROM isolation_slot WHERE next_at <= %(now)s ORDER BY next_at LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
), climbed AS (
  UPDATE isolation_slot s SET rung = s.rung + 1,
    missed_at = CASE WHEN s.due_at <= %(now)s THEN coalesce(s.missed_at, %(now)s) END,
    next_at = CASE WHEN s.rung + 1 < %(rungs)s
      THEN s.due_at + make_interval(mins => (%(afters)s::int[])[s.rung + 2]) END
  FROM due WHERE s.area = due.area AND s.id = due.id
  RETURNING s.area, s.id, s.isolation_id, (%(kinds)s::text[])[s.rung] AS kind
), told AS (
  INSERT INTO isolation_rung (id, area, isolation_id, slot_id, kind, at)
  SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, area, isolation_id, id, kind, %(now)s
  FROM climbed
)
SELECT c.area, c.kind, count(*), coalesce(array_agg(c.id) FILTER (WHERE i.may_message AND c.kind = 'remind'), '{}'),
  coalesce(array_agg(c.isolation_id) FILTER (WHERE i.may_message AND c.kind = 'remind'), '{}')
FROM climbed c JOIN isolation_isolation i ON i.area = c.area AND i.id = c.isolation_id
GROUP BY c.area, c.kind ORDER BY c.area, c.kind
"""


def climb(now: datetime, limit: int = BATCH) -> int:
    """Take the next rung for up to `limit` check-ins that are silent at `now`; how many."""
    ladder = packs.care().ladder
    given = {
        "now": now, "limit": limit, "rungs": len(ladder), "afters": [step.after_minutes for step in ladder],
        "kinds": [step.code for step in ladder], "prefix": str(uuid7())[:PREFIX],
    }  # fmt: skip
    taken = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLIMB, given)
        rows = cursor.fetchall()
        for area, kind, count, slot_ids, isolation_ids in rows:
            taken += int(count)
            if kind == REMIND:
                _remind(area, slot_ids, isolation_ids, now)
            else:
                # One piece of news for the district and the rung, not one for each person.
                outbox.publish(
                    [
                        outbox.News(
                            area, recording.TOPIC, uuid7(), kind, {"what": "missed", "count": count}, now
                        )
                    ]
                )
    return taken


def _remind(area: str, slot_ids: list[UUID], isolation_ids: list[UUID], now: datetime) -> None:
    """A message to each who agreed to be reminded, about the slot: answering cancels what waits."""
    people = {one.id: one for one in Isolation.objects.filter(area=area, id__in=isolation_ids)}
    wanted = [
        recording.message(people[isolation_id], slot_id, recording.ASKED_ZH)
        for slot_id, isolation_id in zip(slot_ids, isolation_ids, strict=True)
    ]
    messaging.queue([one for one in wanted if one], now)
