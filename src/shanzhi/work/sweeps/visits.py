"""Visits (走访): read from a phone, judged and appended in sets. The SQL of the hot door.

What a phone sent is kept as it sent it, encrypted, in one row for all items of one person and one sweep in a batch:
the visits themselves say only which door, what came of it, and when.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access.capabilities import SWEEP_VISIT
from shanzhi.base.rows.encryption import encrypt
from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.outcomes import CONFLICT, INVALID, KNOWN, STORED, UNKNOWN, Outcome
from shanzhi.work.forms import answers as form_answers
from shanzhi.work.forms import queries as forms
from shanzhi.work.sweeps.errors import AnswersErased, VisitConflict
from shanzhi.work.sweeps.flow import RESULTS

AHEAD = timedelta(minutes=5)  # by how much a phone's clock may be fast
OLDEST = timedelta(days=7)
ITEM_BYTES = 4000
TOPIC = "sweeps"
WRONGS = ("not_there", "more_doors", "fewer_doors", "other")


class GivenWrong(msgspec.Struct, forbid_unknown_fields=True):
    """In which way the registry is wrong about a floor: `doors` is how many of this kind there are in truth."""

    what: Literal["not_there", "more_doors", "fewer_doors", "other"]
    doors: Annotated[int, msgspec.Meta(ge=0, le=2000)] | None = None


class GivenVisit(msgspec.Struct, forbid_unknown_fields=True):
    """A visit as a phone sends it; `id` is made by the phone, instants have a time zone.

    Door `door` of piece (`area`, `piece`) in `turn`. `revisit_at` is when somebody will be home. `answers` are those
    to the sweep's form. `note` says what help is needed, or what is wrong.
    """

    id: UUID
    area: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}\Z")]
    piece: UUID
    door: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    result: Literal["visited", "absent", "refused", "vacant", "help", "wrong"]
    happened_at: Annotated[datetime, msgspec.Meta(tz=True)]
    turn: Annotated[int, msgspec.Meta(ge=0, le=30_000)] = 0
    revisit_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    answers: dict[str, Any] | None = None
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""
    wrong: GivenWrong | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A visit that was read, and the JSON it was read from."""

    given: GivenVisit
    raw: bytes

    @property
    def id(self) -> UUID:
        """The id that its phone gave it."""
        return self.given.id


@dataclass(frozen=True, slots=True)
class Submission:
    """A visit that passed reading. `account_id` is who sent it, `hash` that of the content, with a key."""

    account_id: UUID
    given: GivenVisit
    raw: bytes
    hash: bytes


def _invalid(field: str, zh: str, en: str) -> InvalidInput:
    return InvalidInput(field=field, reason_zh=zh, reason_en=en)


def read(raw: bytes | msgspec.Raw) -> Read:
    """A visit from JSON. Raises InvalidInput naming the field."""
    try:
        given = _DECODER.decode(raw)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError) as error:
        message, _, path = str(error).partition(" - at `")
        field = path.rstrip("`").removeprefix("$.").removeprefix("$")
        raise _invalid(field, f"“{field or '走访'}”的内容不合要求。", message) from error
    text = bytes(raw)
    if given.note or given.answers or given.wrong or len(text) > ITEM_BYTES:
        _check_more(given, text)
    elif given.result == "help" or given.result == "wrong":
        _check_more(given, text)
    return Read(given, text)


def _check_more(given: GivenVisit, text: bytes) -> None:
    if len(text) > ITEM_BYTES:
        raise _invalid("answers", "填写的内容过长。", f"The visit exceeds {ITEM_BYTES} bytes.")
    if b"\\u0000" in text or "\0" in given.note:
        raise _invalid("note", "“note”含有非法字符。", "It holds a character not allowed.")
    if given.result == "help" and not given.note.strip() and not given.answers:
        raise _invalid("note", "请说明需要什么帮助。", "Say what help is needed.")
    if given.result == "wrong" and given.wrong is None:
        raise _invalid("wrong", "请说明哪里有误。", "Say what is wrong.")
    if given.answers and given.result not in {"visited", "help"}:
        raise _invalid("answers", "只有已访的门户可以填写表单。", "Only who was met gives answers.")


_DECODER = msgspec.json.Decoder(GivenVisit)
_ENCODER = msgspec.json.Encoder(order="deterministic")


def submission(account_id: UUID, item: Read) -> Submission:
    """What `take` stores. Raises InvalidInput for an instant beyond the calendar."""
    given = item.given
    try:
        happened = given.happened_at.astimezone(UTC)
        revisit = given.revisit_at.astimezone(UTC) if given.revisit_at is not None else None
    except OverflowError as error:
        raise _too_far() from error
    # With a key: whoever has a copy of the table must not be able to try out answers.
    content = (
        given.area, given.piece, given.door, given.turn, given.result, happened, revisit, given.answers, given.note,
        given.wrong,
    )  # fmt: skip
    digest = hmac.digest(settings.SHANZHI_FOLLOW_KEY.encode(), _ENCODER.encode(content), "sha256")
    return Submission(account_id, given, item.raw, digest)


def _too_far() -> InvalidInput:
    return _invalid(
        "happened_at",
        "发生时间不对：不能晚于现在，也不能早于 7 天前。",
        "The time is wrong: not later than now, nor earlier than 7 days ago.",
    )


# What somebody asks about: the piece in the turn, if a post of theirs that may visit reached it on that day, or lay
# in the same grid: lists are cut across its micro-grids.
_PIECES = f"""
SELECT a.n, t.sweep_id, t.doors, s.form, s.form_version, s.answers_erased_at IS NOT NULL
FROM unnest(%s::int[], %s::text[], %s::uuid[], %s::int[], %s::uuid[], %s::date[])
  AS a (n, area, piece_id, turn, account_id, day)
JOIN sweeps_turnpiece t ON t.area = a.area AND t.piece_id = a.piece_id AND t.turn = a.turn
JOIN sweeps_sweep s ON s.id = t.sweep_id
WHERE EXISTS (
  SELECT 1 FROM people_post o
  JOIN people_postkind k ON k.code = o.kind_id AND k.capabilities @> ARRAY['{SWEEP_VISIT}']::varchar[]
  WHERE o.account_id = a.account_id AND o.from_on <= a.day AND (o.to_on IS NULL OR o.to_on > a.day)
    AND EXISTS (SELECT 1 FROM places_placeclosure c WHERE (
        c.ancestor_id = o.place_id AND c.descendant_id = t.place_id
        OR c.ancestor_id = t.group_id AND c.descendant_id = o.place_id)
      AND c.from_on <= a.day AND (c.to_on IS NULL OR c.to_on > a.day)))
"""
_STORE = """
INSERT INTO sweeps_visit (id, area, sweep_id, piece_id, turn, door, result, account_id, happened_at, received_at,
  revisit_at, submission_id, position, hash)
SELECT id, area, sweep_id, piece_id, turn, door, result, account_id, happened_at, %s, revisit_at, submission_id,
  position, hash
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::smallint[], %s::uuid[],
  %s::timestamptz[], %s::timestamptz[], %s::uuid[], %s::int[], %s::bytea[])
  AS g (id, area, sweep_id, piece_id, turn, door, result, account_id, happened_at, revisit_at, submission_id,
    position, hash)
ON CONFLICT DO NOTHING RETURNING id
"""
_RAW = """
INSERT INTO sweeps_submission (id, area, sweep_id, account_id, received_at, raw)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::bytea[])
"""
_NEWS = """
INSERT INTO outbox_outboxrow (id, area, topic, subject_id, event, payload, at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::text[], %s::jsonb[], %s::timestamptz[])
"""
_HASHES = "SELECT id, hash FROM sweeps_visit WHERE id = ANY(%s::uuid[])"


@dataclass(slots=True)
class _Kept:
    """The items of one person and one sweep, which are kept together."""

    id: UUID
    area: str
    sweep_id: UUID
    account_id: UUID
    raws: list[bytes]
    new: int = 0


def take(cursor: Any, submissions: Sequence[Submission], received_at: datetime) -> list[Outcome]:
    """Append visits (收走访) in the caller's transaction; one outcome each, in their order.

    `cursor` is one of psycopg or of Django. An id that is there already is compared by its hash, whoever wrote it;
    ids go in sorted, so that two doors never wait for each other. Late results count, also of a sweep that has ended.
    """
    if not submissions:
        return []
    outcomes: list[Outcome | None] = [None] * len(submissions)
    known = _pieces(cursor, submissions)
    kept: dict[tuple[UUID, UUID], _Kept] = {}
    rows: list[tuple[Any, ...]] = []
    numbers: dict[UUID, int] = {}  # which item of the set may be stored under an id
    doubtful: list[int] = []
    earliest, latest = received_at - OLDEST, received_at + AHEAD
    for n, one in enumerate(submissions):
        given = one.given
        found = known.get((one.account_id, given.piece, given.turn, given.area, _day(given.happened_at)))
        if found is None or given.door >= found[1]:
            outcomes[n] = Outcome(UNKNOWN, NotFound(field="piece" if found is None else "door"))
            continue
        if given.id in numbers:
            doubtful.append(n)
            continue
        error = _refusal(one, found, earliest, latest, cursor)
        if error is not None:
            outcomes[n] = Outcome(INVALID, error)
            # What was stored in time is known for ever; what is out of time may be just that.
            doubtful.append(n)
            continue
        sweep_id = found[0]
        keep = kept.get((one.account_id, sweep_id))
        if keep is None:
            keep = kept[one.account_id, sweep_id] = _Kept(uuid7(), given.area, sweep_id, one.account_id, [])
        numbers[given.id] = n
        rows.append(
            (given.id, given.area, sweep_id, given.piece, given.turn, given.door, int(RESULTS[given.result]),
             one.account_id, given.happened_at, given.revisit_at, keep.id, len(keep.raws), one.hash)
        )  # fmt: skip
        keep.raws.append(one.raw)
    if rows:
        _store(cursor, submissions, rows, kept, numbers, outcomes, doubtful, received_at)
    if doubtful:
        _compare(cursor, submissions, outcomes, doubtful)
    return [one if one is not None else Outcome(UNKNOWN, NotFound(field="id")) for one in outcomes]


def _day(at: datetime) -> Any:
    return localdate(at)


def _pieces(cursor: Any, submissions: Sequence[Submission]) -> dict[Any, tuple[UUID, int, str, int, bool]]:
    asked = list(
        {
            (
                one.account_id,
                one.given.piece,
                one.given.turn,
                one.given.area,
                _day(one.given.happened_at),
            ): None
            for one in submissions
        }
    )
    columns = [list(column) for column in zip(*asked, strict=True)]
    accounts, pieces, turns, areas, days = columns
    cursor.execute(_PIECES, [list(range(len(asked))), areas, pieces, turns, accounts, days])
    return {asked[row[0]]: row[1:] for row in cursor.fetchall()}


def _refusal(
    one: Submission,
    found: tuple[UUID, int, str, int, bool],
    earliest: datetime,
    latest: datetime,
    cursor: Any,
) -> ShanzhiError | None:
    """Why an item can never be stored as it is; None when it can."""
    if found[4]:
        return AnswersErased(field="piece")
    if not earliest <= one.given.happened_at <= latest:
        return _too_far()
    if one.given.answers is not None:
        try:
            form_answers.check(forms.form(found[2], found[3], cursor), one.given.answers)
        except InvalidInput as error:
            return error
    return None


def _store(
    cursor: Any,
    submissions: Sequence[Submission],
    rows: list[tuple[Any, ...]],
    kept: dict[tuple[UUID, UUID], _Kept],
    numbers: dict[UUID, int],
    outcomes: list[Outcome | None],
    doubtful: list[int],
    received_at: datetime,
) -> None:
    rows.sort(key=lambda row: row[0])
    cursor.execute(_STORE, [received_at, *(list(column) for column in zip(*rows, strict=True))])
    new = {found[0] for found in cursor.fetchall()}
    by_id = {keep.id: keep for keep in kept.values()}
    told: list[tuple[Any, ...]] = []
    for row in rows:
        n = numbers[row[0]]
        if row[0] not in new:
            doubtful.append(n)
            continue
        outcomes[n] = Outcome(STORED)
        by_id[row[10]].new += 1
        if submissions[n].given.result in {"help", "wrong"}:
            payload = msgspec.json.encode(
                {"sweep": str(row[2]), "result": submissions[n].given.result}
            ).decode()
            told.append((uuid7(), row[1], TOPIC, row[0], "visit", payload, received_at))
    written = [keep for keep in by_id.values() if keep.new]
    if not written:
        return
    raws = [encrypt_bytes(b"[" + b",".join(keep.raws) + b"]") for keep in written]
    cursor.execute(
        _RAW,
        [
            [keep.id for keep in written], [keep.area for keep in written], [keep.sweep_id for keep in written],
            [keep.account_id for keep in written], [received_at] * len(written), raws,
        ],
    )  # fmt: skip
    counts: dict[tuple[str, UUID], int] = {}
    for keep in written:
        counts[keep.area, keep.sweep_id] = counts.get((keep.area, keep.sweep_id), 0) + keep.new
    for (area, sweep_id), count in counts.items():
        payload = f'{{"visits": {count}}}'
        told.append((uuid7(), area, TOPIC, sweep_id, "visits", payload, received_at))
    cursor.execute(_NEWS, [list(column) for column in zip(*told, strict=True)])


def encrypt_bytes(raw: bytes) -> bytes:
    """JSON as it came, encrypted."""
    return encrypt(raw.decode())


def _compare(
    cursor: Any, submissions: Sequence[Submission], outcomes: list[Outcome | None], doubtful: list[int]
) -> None:
    cursor.execute(_HASHES, [[submissions[n].given.id for n in doubtful]])
    hashes = {found: bytes(content) for found, content in cursor.fetchall()}
    for n in doubtful:
        there = hashes.get(submissions[n].given.id)
        if there == submissions[n].hash:
            outcomes[n] = Outcome(KNOWN)
        elif there is not None:
            outcomes[n] = Outcome(CONFLICT, VisitConflict(field="id"))
