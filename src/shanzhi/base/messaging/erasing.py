"""The end of personal data in messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

_LOCK = """
SELECT count(*) FROM (
  SELECT 1 FROM messaging_message WHERE created_at < %s AND next_at IS NOT NULL ORDER BY area, id FOR UPDATE
) locked
"""
_TOO_OLD = """
UPDATE messaging_message SET state = 'cancelled', next_at = NULL, reason = 'too-old'
WHERE created_at < %s AND next_at IS NOT NULL
"""
_ADDRESSES = """
UPDATE messaging_message SET address = NULL, address_digest = ''
WHERE address_digest <> '' AND created_at < %s
"""
_REPLIES = "UPDATE messaging_reply SET text = NULL WHERE received_at < %s AND text IS NOT NULL"
_RECEIPTS = "DELETE FROM messaging_receipt WHERE settled_at IS NULL AND received_at < %s"


def erase(before: datetime) -> int:
    """Erase addresses of messages made before `before`, texts of replies and receipts of nobody's messages that came
    before it (清除号码); how many rows. What still waited to be sent by then is cancelled with `too-old`."""
    erased = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [before])
        cursor.execute(_TOO_OLD, [before])
        for sql in (_ADDRESSES, _REPLIES, _RECEIPTS):
            cursor.execute(sql, [before])
            erased += int(cursor.rowcount)
    return erased


_OF_MESSAGES = {
    "topics": "m.topic = ANY(%(topics)s)",
    "before": "m.topic LIKE %(prefix)s AND m.created_at < %(before)s",
}
# What is there of people, one line each; the order is that of the keys, so that the hash is always the same.
_HELD = """
SELECT 'address' AS what, m.area, m.id, m.address AS content FROM messaging_message m
WHERE m.address_digest <> '' AND {which}
UNION ALL
SELECT 'reply', m.area, r.id, r.text FROM messaging_reply r
JOIN messaging_message m ON m.area = r.area AND m.id = r.message_id
WHERE r.text IS NOT NULL AND {which}
"""
_DIGEST = """
SELECT count(*), encode(sha256(coalesce(string_agg(
  convert_to(what || ' ' || area || ' ' || id::text || ' ', 'UTF8') || coalesce(content, ''::bytea), ''::bytea
  ORDER BY what, area, id), ''::bytea)), 'hex') FROM ({held}) held
"""
_CLEAR_ADDRESSES = """
UPDATE messaging_message m SET address = NULL, address_digest = '', state = CASE WHEN next_at IS NULL THEN state
  ELSE 'cancelled' END, reason = CASE WHEN next_at IS NULL THEN reason ELSE 'erased' END, next_at = NULL
WHERE address_digest <> '' AND {which}
"""
_CLEAR_REPLIES = """
UPDATE messaging_reply r SET text = NULL FROM messaging_message m
WHERE m.area = r.area AND m.id = r.message_id AND r.text IS NOT NULL AND {which}
"""


@dataclass(frozen=True)
class Held:
    """How many addresses and replies, and a SHA-256 over their keys and contents in hex."""

    rows: int
    digest: str


def held(prefix: str, *, topics: Sequence[str] | None = None, before: datetime | None = None) -> Held:
    """What is held of people by messages of topics, or by those under `prefix` made before an instant (留存)."""
    which = _OF_MESSAGES["topics" if before is None else "before"]
    with connection.cursor() as cursor:
        cursor.execute(
            _DIGEST.format(held=_HELD.format(which=which)),
            {"topics": list(topics or ()), "prefix": f"{prefix}%", "before": before},
        )
        return Held(*cursor.fetchone())


def erase_of(prefix: str, *, topics: Sequence[str] | None = None, before: datetime | None = None) -> Held:
    """Erase it in the caller's transaction (销毁); what went. What still waited to be sent is cancelled."""
    given = {"topics": list(topics or ()), "prefix": f"{prefix}%", "before": before}
    which = _OF_MESSAGES["topics" if before is None else "before"]
    with transaction.atomic():
        found = held(prefix, topics=topics, before=before)
        with connection.cursor() as cursor:
            cursor.execute(_CLEAR_REPLIES.format(which=which), given)
            cursor.execute(_CLEAR_ADDRESSES.format(which=which), given)
    return found
