"""What comes back: receipts and replies, in any order and any number of times.

Receipts go into a table first and are then *settled*: matched with recorded attempts. The verdict on a message is
always computed from all its attempts and all their receipts, under the message's lock, so the order in which they
came makes no difference. Delivered outweighs failed: somebody has it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from shanzhi.base.messaging.addresses import digest
from shanzhi.base.messaging.channels import Answer, Changed, Replied, Report, tell_replies, tell_states
from shanzhi.base.rows import by_index
from shanzhi.base.rows.encryption import decrypt, encrypt
from shanzhi.core.kit.ids import uuid7

SETTLED_AT_ONCE = 5000

_KEEP = """
INSERT INTO messaging_receipt (id, area, channel, provider_id, state, code, at, received_at)
SELECT id, '', %(channel)s, provider_id, state, code, at, %(now)s
FROM unnest(%(ids)s::uuid[], %(provider_ids)s::text[], %(states)s::text[], %(codes)s::text[], %(ats)s::timestamptz[])
  AS given (id, provider_id, state, code, at)
ON CONFLICT DO NOTHING
"""
# LATERAL and OFFSET 0 fix the way: from the few receipts to their attempts, by index, whatever the server knows.
_MATCH = """
SELECT r.id, a.area, a.message_id FROM messaging_receipt r CROSS JOIN LATERAL (
  SELECT area, message_id FROM messaging_attempt a
  WHERE a.channel = r.channel AND a.provider_id = r.provider_id AND a.provider_id <> '' OFFSET 0
) a
WHERE r.settled_at IS NULL AND r.channel = %(channel)s {which} ORDER BY r.received_at, r.id LIMIT %(limit)s
"""
_LOCK = """
SELECT count(*) FROM (
  SELECT 1 FROM messaging_message WHERE id = ANY(%(ids)s) AND area = ANY(%(areas)s) ORDER BY area, id FOR UPDATE
) locked
"""
_JUDGE = """
WITH touched AS (
  SELECT DISTINCT area, id FROM unnest(%(areas)s::text[], %(ids)s::uuid[]) AS given (area, id)
), tried AS (
  SELECT t.area, t.id AS message_id, a.number,
    count(DISTINCT a.part) FILTER (WHERE d.at IS NOT NULL) = max(a.parts) AS delivered, max(d.at) AS delivered_at,
    bool_or(f.at IS NOT NULL AND d.at IS NULL) AS failed, max(f.at) AS failed_at,
    max(f.code) FILTER (WHERE d.at IS NULL) AS code
  FROM touched t CROSS JOIN LATERAL (
    SELECT * FROM messaging_attempt a WHERE a.area = t.area AND a.message_id = t.id AND a.result = 'accepted' OFFSET 0
  ) a LEFT JOIN LATERAL (
    SELECT d.at FROM messaging_receipt d WHERE d.area = '' AND d.channel = a.channel
      AND d.provider_id = a.provider_id AND d.state = 'delivered' OFFSET 0
  ) d ON true LEFT JOIN LATERAL (
    SELECT f.at, f.code FROM messaging_receipt f WHERE f.area = '' AND f.channel = a.channel
      AND f.provider_id = a.provider_id AND f.state = 'failed' OFFSET 0
  ) f ON true
  GROUP BY t.area, t.id, a.number
), verdict AS (
  SELECT area, message_id, bool_or(delivered) AS delivered,
    min(delivered_at) FILTER (WHERE delivered) AS delivered_at,
    bool_and(failed) AS failed, max(failed_at) AS failed_at, max(code) AS code
  FROM tried GROUP BY area, message_id
)
UPDATE messaging_message m SET
  state = CASE WHEN v.delivered THEN 'delivered' ELSE 'failed' END, next_at = NULL,
  delivered_at = CASE WHEN v.delivered THEN v.delivered_at END,
  reason = CASE WHEN v.delivered THEN '' WHEN v.code = '' THEN 'not-delivered' ELSE v.code END
FROM verdict v
WHERE m.id = ANY(%(ids)s) AND m.area = v.area AND m.id = v.message_id AND (
  v.delivered AND m.state IN ('queued', 'sending', 'sent', 'failed', 'cancelled')
  OR v.failed AND NOT v.delivered AND m.state = 'sent')
RETURNING m.area, m.id, m.subject_id, m.topic, m.channel, m.round, m.state,
  CASE WHEN v.delivered THEN v.delivered_at ELSE v.failed_at END, m.reason
"""
_SETTLED = "UPDATE messaging_receipt SET settled_at = %s WHERE id = ANY(%s) AND settled_at IS NULL"
_REPLY = """
WITH given AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(provider_ids)s::text[], %(texts)s::bytea[], %(ats)s::timestamptz[],
    %(abouts)s::text[], %(digests)s::text[]) AS given (id, provider_id, text, at, about, digest)
), made AS (
  INSERT INTO messaging_reply
    (id, area, channel, provider_id, about, message_area, message_id, subject_id, text, at, received_at)
  SELECT g.id, '', %(channel)s, g.provider_id, g.about, coalesce(m.area, ''), m.id, m.subject_id, g.text, g.at,
    %(now)s
  FROM given g LEFT JOIN LATERAL (
    (SELECT m.area, m.id, m.subject_id, m.sent_at FROM messaging_attempt a
     JOIN messaging_message m ON m.area = a.area AND m.id = a.message_id
     WHERE g.about <> '' AND a.channel = %(channel)s AND a.provider_id = g.about LIMIT 1)
    UNION ALL
    (SELECT m.area, m.id, m.subject_id, m.sent_at FROM messaging_message m
     WHERE g.about = '' AND m.via = %(channel)s AND m.address_digest = g.digest AND m.address_digest <> ''
       AND m.sent_at IS NOT NULL
     ORDER BY m.sent_at DESC, m.id DESC LIMIT 1)
  ) m ON true
  ON CONFLICT DO NOTHING
  RETURNING id, message_area, message_id
)
SELECT made.id, m.area, m.subject_id, m.topic, m.channel FROM made
JOIN messaging_message m ON m.area = made.message_area AND m.id = made.message_id
"""
_REPLY_LATE = """
WITH found AS (
  SELECT r.id, a.area, a.message_id FROM messaging_reply r CROSS JOIN LATERAL (
    SELECT area, message_id FROM messaging_attempt a
    WHERE a.channel = r.channel AND a.provider_id = r.about AND a.provider_id <> '' LIMIT 1
  ) a
  WHERE r.channel = %(channel)s AND r.message_id IS NULL AND r.about <> ''
)
UPDATE messaging_reply r SET message_area = m.area, message_id = m.id, subject_id = m.subject_id
FROM found JOIN messaging_message m ON m.area = found.area AND m.id = found.message_id
WHERE r.id = found.id AND r.message_id IS NULL
RETURNING m.area, m.subject_id, m.topic, m.channel, r.text, r.at
"""


def receipts(channel: str, reports: Sequence[Report], now: datetime) -> int:
    """Take in receipts (回执) and settle what can be; how many are new. The same again changes nothing."""
    if not reports:
        return 0
    # In one order, so that two who bring the same receipts do not wait for each other.
    given = sorted({(one.provider_id, one.state): one for one in reports}.items())
    ids = [uuid7() for _ in given]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            {
                "channel": channel, "now": now, "ids": ids, "provider_ids": [key[0][:100] for key, _ in given],
                "states": [key[1] for key, _ in given], "codes": [one.code[:40] for _, one in given],
                "ats": [one.at for _, one in given],
            },
        )  # fmt: skip
        new = int(cursor.rowcount)
        _settle(_MATCH.format(which="AND r.id = ANY(%(ids)s)"), {"channel": channel, "ids": ids}, now)
    return new


def settle(channel: str, now: datetime) -> int:
    """Match receipts and replies that wait with the attempts recorded meanwhile (回执入账); how many receipts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_REPLY_LATE, {"channel": channel})
        tell_replies(
            [
                Replied(area, subject_id, topic, named, decrypt(bytes(text)) if text else "", at)
                for area, subject_id, topic, named, text, at in cursor.fetchall()
            ]
        )
        return _settle(_MATCH.format(which=""), {"channel": channel}, now)


def _settle(match: str, given: dict[str, Any], now: datetime) -> int:
    with connection.cursor() as cursor:
        with by_index():
            cursor.execute(match, given | {"limit": SETTLED_AT_ONCE})
            matched = cursor.fetchall()
            if not matched:
                return 0
            touched = {"areas": [row[1] for row in matched], "ids": [row[2] for row in matched]}
            cursor.execute(_LOCK, touched)
            # A statement of its own, after the locks: it sees what others settled before they let go.
            cursor.execute(_JUDGE, touched)
            changes = [Changed(*row) for row in cursor.fetchall()]
            cursor.execute(_SETTLED, [now, [row[0] for row in matched]])
            settled = int(cursor.rowcount)
        tell_states(changes)
    return settled


def replies(channel: str, answers: Sequence[Answer], now: datetime) -> int:
    """Take in what people answered (回复) and tell who listens; how many belong to a message and are new.

    An answer that names what it is about belongs to that message, any other to the last one sent to its address
    through the channel. An answer that belongs to none is kept until it is erased; one that came before the attempt
    it names was recorded finds it when it is settled.
    """
    given = sorted({one.provider_id: one for one in answers}.items())
    if not given:
        return 0
    ids = {uuid7(): one for _, one in given}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _REPLY,
            {
                "channel": channel, "now": now, "ids": list(ids), "provider_ids": [key[:100] for key, _ in given],
                "texts": [encrypt(one.text) for one in ids.values()], "ats": [one.at for one in ids.values()],
                "abouts": [one.about for one in ids.values()],
                "digests": [digest(one.address) if one.address else "" for one in ids.values()],
            },
        )  # fmt: skip
        found = [
            Replied(area, subject_id, topic, named, ids[id].text, ids[id].at)
            for id, area, subject_id, topic, named in cursor.fetchall()
        ]
        tell_replies(sorted(found, key=lambda one: one.at))
    return len(found)
