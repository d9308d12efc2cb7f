"""Visits (走访): read from a phone, judged and appended in sets. The SQL of the hot door.

What a phone sent is kept as it sent it, encrypted, in one row for all items of one person and one sweep in a batch:
the visits themselves say only which door, what came of it, and when.
"""

import hmac
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access.capabilities import SWEEP_VISIT
from shanzhi.base.rows.encryption import decrypt_bytes, encrypt_bytes
from shanzhi.base.rows.packing import Blobs, Instants, Ints, Texts, Uuids
from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.outcomes import CONFLICT, INVALID, KNOWN, STORED, UNKNOWN, Outcome
from shanzhi.work.forms import answers as form_answers
from shanzhi.work.forms import queries as forms
from shanzhi.work.sweeps import courses, packs
from shanzhi.work.sweeps.errors import AnswersErased, VisitConflict
from shanzhi.work.sweeps.flow import RESULTS

AHEAD = timedelta(minutes=5)  # by how much a phone's clock may be fast
OLDEST = timedelta(days=7)
ITEM_BYTES = 4000
TOPIC = "sweeps"
_BYTES = {code: int(one) for code, one in RESULTS.items()}
_STORED = Outcome(STORED)


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


@dataclass(slots=True)
class Read:
    """A visit that was read, and the JSON it was read from."""

    given: GivenVisit
    raw: bytes

    @property
    def id(self) -> UUID:
        """The id that its phone gave it."""
        return self.given.id


@dataclass(slots=True)
class Submission:
    """A visit that passed reading. `account_id` is who sent it, `hash` that of the content, with a key.

    `id` and `piece` are their bytes, instants are in UTC, `day` is the city's own.
    """

    account_id: UUID
    given: GivenVisit
    raw: bytes
    hash: bytes
    id: bytes
    piece: bytes
    happened_at: datetime
    revisit_at: datetime | None
    day: date


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


@lru_cache(maxsize=4096)
def _day(quarter: int) -> date:
    """The city's day of a quarter of an hour since 1970: no zone is shifted by less."""
    return localdate(datetime.fromtimestamp(quarter * 900, UTC))


def submission(account_id: UUID, item: Read) -> Submission:
    """What `take` stores. Raises InvalidInput for an instant beyond the calendar."""
    given = item.given
    revisit = given.revisit_at
    try:
        happened = given.happened_at.astimezone(UTC)
        revisit = None if revisit is None else revisit.astimezone(UTC)
        day = _day(int(happened.timestamp()) // 900)
    except (OverflowError, ValueError) as error:
        raise _too_far() from error
    piece = given.piece.bytes
    # With a key: whoever has a copy of the table must not be able to try out answers.
    content = (
        given.area, piece, given.door, given.turn, given.result, happened, revisit, given.answers, given.note,
        given.wrong,
    )  # fmt: skip
    digest = hmac.digest(_key(), _ENCODER.encode(content), "sha256")
    return Submission(account_id, given, item.raw, digest, given.id.bytes, piece, happened, revisit, day)


def _key() -> bytes:
    found: str = settings.SHANZHI_FOLLOW_KEY
    return found.encode()


def _too_far() -> InvalidInput:
    return _invalid(
        "happened_at",
        "发生时间不对：不能晚于现在，也不能早于 7 天前。",
        "The time is wrong: not later than now, nor earlier than 7 days ago.",
    )


# What somebody asks about: the piece in the turn, if a post of theirs that may visit reached it on that day, or lay
# in the same grid: lists are cut across its micro-grids.
_PIECES = f"""
SELECT a.n, t.sweep_id, octet_length(t.states), s.form, s.form_version, s.answers_erased_at IS NOT NULL, s.cadence,
  t.place_id
FROM (SELECT n, area, piece_id, turn, account_id, day::date AS day FROM
  unnest(%s::int[], %s::text[], %s::uuid[], %s::int[], %s::uuid[], %s::text[])
    AS g (n, area, piece_id, turn, account_id, day)) a
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
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::int[], %s::uuid[],
  %s::timestamptz[], %s::timestamptz[], %s::uuid[], %s::int[], %s::bytea[])
  AS g (id, area, sweep_id, piece_id, turn, door, result, account_id, happened_at, revisit_at, submission_id,
    position, hash)
ON CONFLICT DO NOTHING
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
_MADE = "SELECT id FROM sweeps_visit WHERE id = ANY(%s::uuid[]) AND submission_id = ANY(%s::uuid[])"


@dataclass(slots=True)
class _Kept:
    """The items of one person and one sweep, which are kept together; ids as bytes."""

    id: bytes
    area: str
    sweep_id: bytes
    account_id: bytes
    raws: list[bytes]
    new: int = 0


@dataclass(slots=True)
class _Piece:
    """What is known of a piece in a turn, of somebody who may visit it."""

    sweep_id: bytes
    doors: int
    form: str
    form_version: int
    is_erased: bool
    cadence: str
    place_id: UUID


@dataclass(slots=True)
class _Row:
    """A visit on its way into the table, and the number of its item."""

    id: bytes
    n: int
    one: Submission
    kept: _Kept
    position: int
    found: _Piece


def take(cursor: Any, submissions: Sequence[Submission], received_at: datetime) -> list[Outcome]:
    """Append visits (收走访) in the caller's transaction; one outcome each, in their order.

    `cursor` is one of psycopg or of Django. An id that is there already is compared by its hash, whoever wrote it;
    ids go in sorted, so that two doors never wait for each other. Late results count, also of a sweep that has ended.
    """
    if not submissions:
        return []
    outcomes: list[Outcome | None] = [None] * len(submissions)
    known = _pieces(cursor, submissions)
    kept: dict[tuple[UUID, bytes], _Kept] = {}
    rows: list[_Row] = []
    taken: set[bytes] = set()
    doubtful: list[int] = []
    earliest, latest = received_at - OLDEST, received_at + AHEAD
    for n, one in enumerate(submissions):
        given = one.given
        found = known.get((one.account_id, one.piece, given.turn, given.area, one.day))
        if found is None or given.door >= found.doors:
            outcomes[n] = Outcome(UNKNOWN, NotFound(field="piece" if found is None else "door"))
            continue
        if one.id in taken:
            doubtful.append(n)
            continue
        if found.is_erased or given.answers is not None or not earliest <= one.happened_at <= latest:
            error = _refusal(one, found, earliest, latest, cursor)
            if error is not None:
                outcomes[n] = Outcome(INVALID, error)
                # What was stored in time is known for ever; what is out of time may be just that.
                doubtful.append(n)
                continue
        keep = kept.get((one.account_id, found.sweep_id))
        if keep is None:
            keep = _Kept(uuid7().bytes, given.area, found.sweep_id, one.account_id.bytes, [])
            kept[one.account_id, found.sweep_id] = keep
        taken.add(one.id)
        rows.append(_Row(one.id, n, one, keep, len(keep.raws), found))
        keep.raws.append(one.raw)
    if rows:
        _store(cursor, rows, list(kept.values()), outcomes, doubtful, received_at)
    if doubtful:
        _compare(cursor, submissions, outcomes, doubtful)
    return [one if one is not None else Outcome(UNKNOWN, NotFound(field="id")) for one in outcomes]


def _pieces(cursor: Any, submissions: Sequence[Submission]) -> dict[Any, _Piece]:
    asked = list(
        dict.fromkeys(
            [(one.account_id, one.piece, one.given.turn, one.given.area, one.day) for one in submissions]
        )
    )
    accounts, pieces, turns, areas, days = zip(*asked, strict=True)
    cursor.execute(
        _PIECES,
        [Ints(range(len(asked))), Texts(areas), Uuids(pieces), Ints(turns), Uuids([one.bytes for one in accounts]),
         Texts([one.isoformat() for one in days])],
    )  # fmt: skip
    return {asked[row[0]]: _Piece(row[1].bytes, *row[2:]) for row in cursor.fetchall()}


def _refusal(
    one: Submission, found: _Piece, earliest: datetime, latest: datetime, cursor: Any
) -> ShanzhiError | None:
    """Why an item can never be stored as it is; None when it can."""
    if found.is_erased:
        return AnswersErased(field="piece")
    if not earliest <= one.happened_at <= latest:
        return _too_far()
    if one.given.answers is not None:
        try:
            form_answers.check(forms.form(found.form, found.form_version, cursor), one.given.answers)
        except InvalidInput as error:
            return error
    return None


def _store(
    cursor: Any, rows: list[_Row], kept: list[_Kept], outcomes: list[Outcome | None], doubtful: list[int],
    received_at: datetime,
) -> None:  # fmt: skip
    rows.sort(key=attrgetter("id"))
    items = [row.one for row in rows]
    given = [one.given for one in items]
    ids = Uuids([row.id for row in rows])
    cursor.execute(
        _STORE,
        [
            received_at, ids, Texts([one.area for one in given]), Uuids([row.kept.sweep_id for row in rows]),
            Uuids([one.piece for one in items]), Ints([one.turn for one in given]), Ints([one.door for one in given]),
            Ints([_BYTES[one.result] for one in given]), Uuids([row.kept.account_id for row in rows]),
            Instants([one.happened_at for one in items]), Instants([one.revisit_at for one in items]),
            Uuids([row.kept.id for row in rows]), Ints([row.position for row in rows]),
            Blobs([one.hash for one in items]),
        ],
    )  # fmt: skip
    if cursor.rowcount < len(rows):
        cursor.execute(_MADE, [ids, Uuids([keep.id for keep in kept])])
        made = {found[0].bytes for found in cursor.fetchall()}
        doubtful += [row.n for row in rows if row.id not in made]
        rows = [row for row in rows if row.id in made]
    news: list[tuple[str, UUID, str, str]] = []
    for row in rows:
        outcomes[row.n] = _STORED
        row.kept.new += 1
        result = row.one.given.result
        if result == "help" or result == "wrong":
            sweep_id = UUID(bytes=row.kept.sweep_id)
            news.append(
                (row.kept.area, row.one.given.id, "visit", f'{{"sweep": "{sweep_id}", "result": "{result}"}}')
            )
    moved = [move for row in rows if row.one.given.answers for move in _moves(row)]
    if moved:
        courses.note(cursor, moved, received_at)
    written = [keep for keep in kept if keep.new]
    if not written:
        return
    cursor.execute(
        _RAW,
        [
            Uuids([keep.id for keep in written]), Texts([keep.area for keep in written]),
            Uuids([keep.sweep_id for keep in written]), Uuids([keep.account_id for keep in written]),
            Instants([received_at] * len(written)), Blobs([sealed(keep.raws) for keep in written]),
        ],
    )  # fmt: skip
    counts: dict[tuple[str, bytes], int] = {}
    for keep in written:
        counts[keep.area, keep.sweep_id] = counts.get((keep.area, keep.sweep_id), 0) + keep.new
    news += [
        (area, UUID(bytes=sweep_id), "visits", f'{{"visits": {count}}}')
        for (area, sweep_id), count in counts.items()
    ]
    areas, subjects, events, payloads = (list(column) for column in zip(*news, strict=True))
    made_ids = [uuid7() for _ in news]
    cursor.execute(
        _NEWS, [made_ids, areas, [TOPIC] * len(news), subjects, events, payloads, [received_at] * len(news)]
    )


def _moves(row: _Row) -> list[courses.Move]:
    """What the answers of a visit do to the days of its door."""
    given, found = row.one.given, row.found
    return [
        courses.Move(
            given.area, UUID(bytes=found.sweep_id), given.piece, found.place_id, given.door, rule.code,
            row.one.day if rule.does == "restart" else None,
            row.one.day + timedelta(days=rule.days) if rule.does == "lengthen" else None, given.id,
        )
        for rule in packs.door_rules(found.cadence, found.form)
        if rule.fits(given.answers or {})
    ]  # fmt: skip


def sealed(raws: Sequence[bytes]) -> bytes:
    """Items as they came, a JSON array, packed and encrypted."""
    return encrypt_bytes(zlib.compress(b"[" + b",".join(raws) + b"]", 1))


def opened(raw: bytes | memoryview) -> list[dict[str, Any]]:
    """The items again."""
    found: list[dict[str, Any]] = msgspec.json.decode(zlib.decompress(decrypt_bytes(bytes(raw))))
    return found


def _compare(
    cursor: Any, submissions: Sequence[Submission], outcomes: list[Outcome | None], doubtful: list[int]
) -> None:
    cursor.execute(_HASHES, [Uuids([submissions[n].id for n in doubtful])])
    hashes = {found.bytes: bytes(content) for found, content in cursor.fetchall()}
    for n in doubtful:
        there = hashes.get(submissions[n].id)
        if there == submissions[n].hash:
            outcomes[n] = Outcome(KNOWN)
        elif there is not None:
            outcomes[n] = Outcome(CONFLICT, VisitConflict(field="id"))
