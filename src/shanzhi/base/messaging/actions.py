"""The verbs of messages, in sets.

Delivery is *at least once*: a sender that is killed after the provider took a message and before the outcome was
recorded leaves it on lease, and when the lease has run out the message is sent again. It is never lost, and never
sent by two at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import connection, transaction

from shanzhi.base.messaging.addresses import digest
from shanzhi.base.messaging.channels import SINK, Changed, Letter, Outcome, tell_states
from shanzhi.base.messaging.erasing import erase
from shanzhi.base.messaging.receipts import receipts, replies, settle
from shanzhi.base.rows import by_index
from shanzhi.base.rows.encryption import decrypt, encrypt
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.ids import uuid7

__all__ = [
    "Wanted", "cancel", "cancel_topic", "erase", "give_up", "queue", "receipts", "record", "replies", "settle",
    "take",
]  # fmt: skip

CHUNK = 10_000
MOST_ATTEMPTS = 5
FIRST_PAUSE_SECONDS, PAUSE_FACTOR, LONGEST_PAUSE_SECONDS = 5, 4, 900
MOST_TEXT, MOST_LINK = 500, 300

_QUEUE = """
INSERT INTO messaging_message (id, area, recipient_kind, recipient_id, channel, via, subject_id, topic, purpose,
  round, text, link, address, address_digest, drill, state, attempts, next_at, created_at, reason)
SELECT id, area, recipient_kind, recipient_id, channel, CASE WHEN drill THEN %(sink)s ELSE channel END, subject_id,
  topic, purpose, round, text, link, address, address_digest, drill, 'queued', 0, due_at, %(at)s, ''
FROM unnest(%(id)s::uuid[], %(area)s::text[], %(recipient_kind)s::text[], %(recipient_id)s::uuid[],
  %(channel)s::text[], %(subject_id)s::uuid[], %(topic)s::text[], %(purpose)s::text[], %(round)s::int[],
  %(text)s::text[], %(link)s::text[], %(address)s::bytea[], %(address_digest)s::text[], %(drill)s::bool[],
  %(due_at)s::timestamptz[])
  AS given (id, area, recipient_kind, recipient_id, channel, subject_id, topic, purpose, round, text, link, address,
    address_digest, drill, due_at)
ON CONFLICT DO NOTHING
"""
# First the locks, in one order; the change is a statement of its own without a join.
_CANCEL_LOCK = """
SELECT count(*) FROM (
  SELECT 1 FROM messaging_message WHERE {which} AND state IN ('queued', 'sending') ORDER BY area, id FOR UPDATE
) locked
"""
_CANCEL = """
UPDATE messaging_message SET state = 'cancelled', next_at = NULL, reason = %(reason)s
WHERE {which} AND state IN ('queued', 'sending')
"""
_SUBJECTS = "area = %(area)s AND subject_id = ANY(%(subject_ids)s)"
_TOPIC = "topic = %(topic)s"
# The bucket is made full at the first message, and locked while letters are taken from it.
_FILL = "INSERT INTO messaging_channelpace (code, tokens, at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_TOKENS = """
SELECT least(%(most)s, tokens + %(rate)s * greatest(0, extract(epoch FROM %(now)s - at))::float)
FROM messaging_channelpace WHERE code = %(code)s FOR UPDATE
"""
_SPEND = "UPDATE messaging_channelpace SET tokens = %s, at = greatest(at, %s) WHERE code = %s"
_TAKE = """
WITH due AS (
  SELECT area, id FROM messaging_message
  WHERE via = %(via)s AND next_at <= %(now)s AND attempts < %(most)s
  ORDER BY next_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE messaging_message m SET state = 'sending', attempts = m.attempts + 1, next_at = %(until)s
FROM due WHERE m.id = ANY (ARRAY(SELECT id FROM due)) AND m.area = due.area AND m.id = due.id
RETURNING m.area, m.id, m.attempts, m.address, m.text, m.link
"""
# `id = ANY` beside the join: otherwise a server that knows nothing of the table yet goes through all of it.
_LOCK = """
SELECT count(*) FROM (
  SELECT 1 FROM messaging_message WHERE id = ANY(%(ids)s) AND area = ANY(%(areas)s) ORDER BY area, id FOR UPDATE
) locked
"""
# Accepted is a fact whoever tells it and however late; any other outcome counts for the attempt under way only.
_RECORD = """
WITH given AS (
  SELECT * FROM unnest(%(areas)s::text[], %(ids)s::uuid[], %(numbers)s::int[], %(results)s::text[], %(codes)s::text[],
    %(retriable)s::bool[]) AS given (area, id, number, result, code, retriable)
), said AS (
  SELECT *, retriable AND number < %(most)s AS again FROM given
)
UPDATE messaging_message m SET
  state = CASE WHEN s.result = 'accepted' THEN 'sent' WHEN s.again THEN 'queued' ELSE 'failed' END,
  sent_at = CASE WHEN s.result = 'accepted' THEN %(at)s ELSE m.sent_at END,
  next_at = CASE WHEN s.result <> 'accepted' AND s.again
    THEN %(at)s + make_interval(secs => least(%(longest)s, %(first)s * power(%(factor)s, s.number - 1))) END,
  reason = CASE WHEN s.result = 'accepted' THEN '' WHEN s.code = '' THEN s.result ELSE s.code END
FROM said s
WHERE m.id = ANY(%(ids)s) AND m.area = s.area AND m.id = s.id AND (
  s.result = 'accepted' AND m.state IN ('queued', 'sending', 'failed', 'cancelled')
  OR m.state = 'sending' AND m.attempts = s.number)
RETURNING m.area, m.id, m.subject_id, m.topic, m.channel, m.round, m.state, m.reason
"""
_ATTEMPTS = """
INSERT INTO messaging_attempt
  (id, area, message_id, number, part, parts, channel, result, provider_id, code, retriable, at)
SELECT given.id, given.area, given.message_id, given.number, given.part, given.parts, m.via, given.result,
  given.provider_id, given.code, given.retriable, %(at)s
FROM unnest(%(id)s::uuid[], %(area)s::text[], %(message_id)s::uuid[], %(number)s::int[], %(part)s::int[],
  %(parts)s::int[], %(result)s::text[], %(provider_id)s::text[], %(code)s::text[], %(retriable)s::bool[])
  AS given (id, area, message_id, number, part, parts, result, provider_id, code, retriable)
JOIN messaging_message m
  ON m.id = ANY(%(message_id)s) AND m.area = given.area AND m.id = given.message_id
ON CONFLICT DO NOTHING
"""
_GIVE_UP = """
WITH worn AS (
  SELECT area, id FROM messaging_message
  WHERE via = %(via)s AND state = 'sending' AND next_at <= %(at)s AND attempts >= %(most)s
  ORDER BY area, id FOR UPDATE SKIP LOCKED
)
UPDATE messaging_message m SET state = 'failed', next_at = NULL, reason = 'no-outcome'
FROM worn WHERE m.area = worn.area AND m.id = worn.id
RETURNING m.area, m.id, m.subject_id, m.topic, m.channel, m.round, m.state, m.reason
"""


@dataclass(frozen=True)
class Wanted:
    """A message that is to be sent. `round` counts how often the same subject is told through the channel."""

    area: str
    recipient_kind: str
    recipient_id: UUID
    channel: str
    subject_id: UUID
    topic: str
    purpose: str
    text: str
    link: str = ""
    address: str = field(default="", repr=False)
    round: int = 1
    drill: bool = False
    due_at: datetime | None = None


def queue(wanted: Sequence[Wanted], at: datetime) -> int:
    """Queue messages (排队发送) in the caller's transaction or one of its own; how many are new.

    Key: area, subject, channel and round. What is there already stays as it is: calling twice is harmless. Raises
    InvalidInput when a text is empty or too long, or holds the address itself.
    """
    for one in wanted:
        _check(one)
    made = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(0, len(wanted), CHUNK):
            cursor.execute(_QUEUE, _columns(wanted[start : start + CHUNK], at))
            made += int(cursor.rowcount)
    return made


def _check(one: Wanted) -> None:
    if not one.text.strip() or len(one.text) > MOST_TEXT:
        raise InvalidInput(
            field="text",
            reason_zh=f"消息应为 1 至 {MOST_TEXT} 字。",
            reason_en=f"A message has 1 to {MOST_TEXT} characters.",
        )
    if one.address and one.address in one.text:
        raise InvalidInput(
            field="text",
            reason_zh="消息正文不得含有收件人的号码或地址。",
            reason_en="The text must not hold the recipient's own address.",
        )
    if len(one.link) > MOST_LINK:
        raise InvalidInput(
            field="link",
            reason_zh=f"链接最长 {MOST_LINK} 个字符。",
            reason_en=f"A link has at most {MOST_LINK} characters.",
        )


def _columns(chunk: Sequence[Wanted], at: datetime) -> dict[str, Any]:
    same = (
        "area",
        "recipient_kind",
        "recipient_id",
        "channel",
        "subject_id",
        "topic",
        "purpose",
        "round",
        "text",
    )
    columns: dict[str, Any] = {
        name: [getattr(one, name) for one in chunk] for name in (*same, "link", "drill")
    }
    return columns | {
        "id": [uuid7() for _ in chunk],
        "address": [encrypt(one.address) if one.address else None for one in chunk],
        "address_digest": [digest(one.address) if one.address else "" for one in chunk],
        "due_at": [one.due_at or at for one in chunk],
        "at": at,
        "sink": SINK,
    }


def cancel(area: str, subject_ids: Sequence[UUID], reason: str) -> int:
    """Stop what is not sent yet of these subjects (取消); how many messages.

    One that is with the provider at this moment counts as cancelled too, unless its provider takes it: then it is
    sent, as it was.
    """
    return _cancel(_SUBJECTS, {"area": area, "subject_ids": list(subject_ids)}, reason)


def cancel_topic(topic: str, reason: str) -> int:
    """Stop what is not sent yet of a whole topic (全部取消); how many messages."""
    return _cancel(_TOPIC, {"topic": topic}, reason)


def _cancel(which: str, given: dict[str, Any], reason: str) -> int:
    given["reason"] = reason[:40]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CANCEL_LOCK.format(which=which), given)
        cursor.execute(_CANCEL.format(which=which), given)
        return int(cursor.rowcount)


def take(via: str, limit: int, now: datetime, *, rate: float, lease_seconds: float) -> list[Letter]:
    """Take up to `limit` due messages of a channel (取件), as many as its rate per second allows at `now`.

    They are on lease for `lease_seconds`: nobody else takes them meanwhile, and afterwards somebody does, unless
    their outcome was recorded. That is what "at least once" means. The bucket holds one second's messages, at least
    one. A message whose address cannot be read any more fails with `address-unreadable`.
    """
    most = max(1.0, rate)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FILL, [via, most, now])
        cursor.execute(_TOKENS, {"most": most, "rate": rate, "now": now, "code": via})
        tokens = float(cursor.fetchone()[0])
        rows = []
        if int(tokens):
            until = now + timedelta(seconds=lease_seconds)
            given = {
                "via": via,
                "now": now,
                "most": MOST_ATTEMPTS,
                "until": until,
                "limit": min(limit, int(tokens)),
            }
            with by_index():
                cursor.execute(_TAKE, given)
                rows = cursor.fetchall()
        cursor.execute(_SPEND, [tokens - len(rows), now, via])
    letters, unreadable = [], []
    for area, id, number, stored, text, link in rows:
        try:
            letters.append(Letter(area, id, number, decrypt(bytes(stored)) if stored else "", text, link))
        except InvalidTag:
            letter = Letter(area, id, number, "", text, link)
            unreadable.append(Outcome(letter, "refused", code="address-unreadable"))
    record(unreadable, now)
    return letters


def record(outcomes: Sequence[Outcome], at: datetime) -> int:
    """Write down what providers answered (记录结果); how many messages changed their state.

    Retriable refusals are queued again after 5 s, 20 s, 80 s, 320 s, and fail at the fifth. An outcome that comes
    after its lease is kept as an attempt; only acceptance then still counts.
    """
    if not outcomes:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        given = {
            "areas": [one.letter.area for one in outcomes], "ids": [one.letter.id for one in outcomes],
            "numbers": [one.letter.number for one in outcomes], "results": [one.result for one in outcomes],
            "codes": [one.code[:40] for one in outcomes], "retriable": [one.retriable for one in outcomes],
            "most": MOST_ATTEMPTS, "at": at, "first": FIRST_PAUSE_SECONDS, "factor": PAUSE_FACTOR,
            "longest": LONGEST_PAUSE_SECONDS,
        }  # fmt: skip
        cursor.execute(_LOCK, given)
        cursor.execute(_ATTEMPTS, _attempts(outcomes) | {"at": at})
        cursor.execute(_RECORD, given)
        return _tell(cursor.fetchall(), at)


def _attempts(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    rows = [
        (uuid7(), one.letter.area, one.letter.id, one.letter.number, part, len(one.provider_ids) or 1, one.result,
         provider_id[:100], one.code[:40], one.retriable)
        for one in outcomes for part, provider_id in enumerate(one.provider_ids or ("",), 1)
    ]  # fmt: skip
    names = (
        "id", "area", "message_id", "number", "part", "parts", "result", "provider_id", "code", "retriable",
    )  # fmt: skip
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _tell(rows: Sequence[tuple[Any, ...]], at: datetime) -> int:
    changes = [
        Changed(area, id, subject_id, topic, channel, round, state, at, reason)
        for area, id, subject_id, topic, channel, round, state, reason in rows
        if state in ("sent", "failed")
    ]
    tell_states(changes)
    return len(rows)


def give_up(via: str, at: datetime) -> int:
    """Let messages fail whose last lease ran out without an outcome (放弃); how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_GIVE_UP, {"via": via, "at": at, "most": MOST_ATTEMPTS})
        return _tell(cursor.fetchall(), at)
