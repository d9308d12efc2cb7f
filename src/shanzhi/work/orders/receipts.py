"""Receipts (回执): read from a phone, judged and appended in sets. The SQL of the hot door."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError
from shanzhi.core.kit.outcomes import CONFLICT, INVALID, KNOWN, STORED, UNKNOWN, Outcome

AHEAD = timedelta(minutes=5)  # by how much a phone's clock may be fast
OLDEST = timedelta(days=7)
ANSWERS_BYTES = 4000


class ReceiptConflict(ShanzhiError):
    """The id of a receipt was used before, for another content."""

    code = "receipt-conflict"
    status = 409
    zh = "该编号的回执已存在，内容不同；请用新编号重新提交。"
    en = "A receipt with this id exists with other content: send it again under a new id."


class GivenReceipt(msgspec.Struct, forbid_unknown_fields=True):
    """A receipt as a phone sends it; `id` is made by the phone, `happened_at` has a time zone."""

    id: UUID
    area: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}\Z")]
    recipient: UUID
    answer: Literal["delivered", "read", "acknowledged", "working", "done", "cannot"]
    happened_at: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    answers: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A receipt that passed reading. `account_id` is who sent it; `answers` is JSON text, `hash` of the content.

    The hash stays when the words are destroyed, so with words it is keyed: nobody guesses them from it.
    """

    account_id: UUID
    given: GivenReceipt
    answers: str | None
    hash: bytes


def _invalid(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(field=field, reason_zh=zh, reason_en=en)


def read(raw: bytes | msgspec.Raw) -> GivenReceipt:
    """A receipt from JSON. Raises InvalidInput naming the field."""
    try:
        given = _DECODER.decode(raw)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError) as error:
        message, _, path = str(error).partition(" - at `")
        field = path.rstrip("`").removeprefix("$.").removeprefix("$")
        raise _invalid(field, f"“{field or '回执'}”的内容不合要求。", message) from error
    if given.answer == "cannot" and not given.reason.strip():
        raise _invalid("reason", "无法执行时请说明原因。", "Say why it cannot be done.")
    if "\0" in given.reason:
        raise _invalid("reason", "“reason”含有非法字符。", "It holds a character not allowed.")
    return given


_DECODER = msgspec.json.Decoder(GivenReceipt)


def submission(account_id: UUID, given: GivenReceipt) -> Submission:
    """What `take` stores. Raises InvalidInput for answers that are too long or no text."""
    answers = None
    if given.answers is not None:
        answers = json.dumps(given.answers, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        if "\\u0000" in answers:
            raise _invalid("answers", "“answers”含有非法字符。", "It holds a character not allowed.")
        if len(answers) > ANSWERS_BYTES:
            raise _invalid("answers", "填写的内容过长。", f"The answers exceed {ANSWERS_BYTES} bytes.")
    try:
        happened = given.happened_at.astimezone(UTC).isoformat()
    except OverflowError as error:
        raise _too_far("happened_at") from error
    content = (given.area, str(given.recipient), given.answer, given.reason, answers, happened)
    text = json.dumps(content).encode()
    if given.reason or answers is not None:
        key = hashlib.sha256(settings.SHANZHI_FIELD_KEY.encode()).digest()
        return Submission(account_id, given, answers, hmac.digest(key, text, "sha256"))
    return Submission(account_id, given, answers, hashlib.sha256(text).digest())


def _too_far(field: str) -> InvalidInput:
    return _invalid(
        field,
        "发生时间不对：不能晚于现在，也不能早于 7 天前。",
        "The time is wrong: not later than now, nor earlier than 7 days ago.",
    )


_TAKE = """
WITH given AS (
  SELECT * FROM unnest(
    %s::int[], %s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::jsonb[],
    %s::timestamptz[], %s::bytea[], %s::boolean[]
  ) AS g (n, id, area, recipient_id, account_id, answer, reason, answers, happened_at, hash, timely)
), own AS (
  SELECT g.* FROM given g JOIN orders_recipient r
  ON r.area = g.area AND r.id = g.recipient_id AND r.account_id = g.account_id
  {drill}
), first AS (
  SELECT DISTINCT ON (id) * FROM own WHERE timely ORDER BY id, n
), stored AS (
  INSERT INTO orders_receipt (id, area, recipient_id, answer, happened_at, received_at, hash, simulated)
  SELECT id, area, recipient_id, answer, happened_at, %s, hash, {simulated} FROM first ORDER BY id
  ON CONFLICT DO NOTHING RETURNING id
), said AS (
  INSERT INTO orders_said (id, area, recipient_id, reason, answers, at)
  SELECT f.id, f.area, f.recipient_id, f.reason, f.answers, %s FROM first f JOIN stored ON stored.id = f.id
  WHERE f.reason <> '' OR f.answers IS NOT NULL
)
SELECT own.n, first.n IS NOT NULL AND stored.id IS NOT NULL
FROM own LEFT JOIN first ON first.n = own.n LEFT JOIN stored ON stored.id = first.id
"""
# Whoever is simulated answers in drills alone: the recipient of another order is not theirs.
_OF_A_DRILL = "JOIN orders_order o ON o.id = r.order_id AND o.is_drill"
_TAKE_REAL = _TAKE.format(drill="", simulated="FALSE")
_TAKE_SIMULATED = _TAKE.format(drill=_OF_A_DRILL, simulated="TRUE")
_HASHES = "SELECT id, hash FROM orders_receipt WHERE id = ANY(%s::uuid[])"


def take(
    cursor: Any, submissions: Sequence[Submission], received_at: datetime, *, simulated: bool = False
) -> list[Outcome]:
    """Append receipts (收回执) in the caller's transaction; one outcome each, in their order.

    `cursor` is one of psycopg or of Django. An id that is there already is compared by its hash, whoever wrote it;
    ids go in sorted, so that two doors never wait for each other. Late retries of what is stored are known, too.
    `simulated` receipts, marked as such, are taken for orders of drills only: of another they are unknown.
    """
    if not submissions:
        return []
    earliest, latest = received_at - OLDEST, received_at + AHEAD
    columns = [
        list(column)
        for column in zip(
            *(
                (
                    n, one.given.id, one.given.area, one.given.recipient, one.account_id, one.given.answer,
                    one.given.reason, one.answers, one.given.happened_at, one.hash,
                    earliest <= one.given.happened_at <= latest,
                )
                for n, one in enumerate(submissions)
            ),
            strict=True,
        )
    ]  # fmt: skip
    cursor.execute(_TAKE_SIMULATED if simulated else _TAKE_REAL, [*columns, received_at, received_at])
    stored = dict(cursor.fetchall())
    left = [n for n, new in stored.items() if not new]
    hashes: dict[UUID, bytes] = {}
    if left:
        cursor.execute(_HASHES, [[submissions[n].given.id for n in left]])
        hashes = {found: bytes(content) for found, content in cursor.fetchall()}
    return [_outcome(one, stored.get(n), hashes) for n, one in enumerate(submissions)]


def _outcome(one: Submission, stored: bool | None, hashes: dict[UUID, bytes]) -> Outcome:
    if stored is None:
        return Outcome(UNKNOWN, NotFound(field="recipient"))
    if stored:
        return Outcome(STORED)
    found = hashes.get(one.given.id)
    if found is None:
        return Outcome(INVALID, _too_far("happened_at"))
    return Outcome(KNOWN) if found == one.hash else Outcome(CONFLICT, ReceiptConflict(field="id"))
