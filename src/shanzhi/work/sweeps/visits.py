"""Visits (走访): read from a phone, judged and appended in sets. The SQL of the hot door.

What a phone sent is kept as it sent it, encrypted, in one row for all items of one person and one sweep in a batch:
the visits themselves say only which door, what came of it, and when.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
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
from shanzhi.work.sweeps.errors import AnswersErased, VisitConflict
from shanzhi.work.sweeps.flow import RESULTS

AHEAD = timedelta(minutes=5)  # by how much a phone's clock may be fast
OLDEST = timedelta(days=7)
ITEM_BYTES = 4000
TOPIC = "sweeps"
HASH_BYTES = 16
_BYTES = {code: int(one) for code, one in RESULTS.items()}
_STORED = Outcome(STORED)


class GivenWrong(msgspec.Struct, forbid_unknown_fields=True):
    """In which way the registry is wrong about a floor: `doors` is how many of this kind there are in truth."""

    what: Literal["not_there", "more_doors", "fewer_doors", "other"]
    doors: Annotated[int, msgspec.Meta(ge=0, le=2000)] | None = None


class GivenVisit(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A visit as a phone sends it; `id` is made by the phone, instants have a time zone.

    Door `door` of piece (`area`, `piece`) in `turn`. `revisit_at` is when somebody will be home. `answers` are those
    to the sweep's form. `note` says what help is needed, or what is wrong.
    """

    id: UUID
    area: Annotated[str, msgspec.Meta(min_length=6, max_length=6)]
    piece: UUID
    door: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    result: Literal["visited", "absent", "refused", "vacant", "help", "wrong"]
    happened_at: Annotated[datetime, msgspec.Meta(tz=True)]
    turn: Annotated[int, msgspec.Meta(ge=0, le=30_000)] = 0
    revisit_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    answers: dict[str, Any] | None = None
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""
    wrong: GivenWrong | None = None


class Read(msgspec.Struct, gc=False):
    """A visit that was read, the JSON it was read from, and the hash of its content, with a key.

    `key` is the bytes of its id, instants are microseconds since 1970. `asks` is what it asks about: area, piece,
    turn, and the city's own day.
    """

    given: GivenVisit
    raw: bytes
    hash: bytes
    key: bytes
    happened: int
    revisit: int | None
    asks: tuple[str, bytes, int, str]

    @property
    def id(self) -> UUID:
        """The id that its phone gave it."""
        return self.given.id


class Submission(msgspec.Struct, gc=False):
    """A visit and who sent it."""

    account_id: UUID
    visit: Read


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
    if len(text) > ITEM_BYTES:
        raise _invalid("answers", "填写的内容过长。", f"The visit exceeds {ITEM_BYTES} bytes.")
    if b"\\u0000" in text or b"\0" in text:
        raise _invalid("note", "“note”含有非法字符。", "It holds a character not allowed.")
    if given.result != "visited":
        _check_more(given)
    revisit = given.revisit_at
    try:
        if given.happened_at.tzinfo is not UTC:
            given.happened_at = given.happened_at.astimezone(UTC)
        # A float holds every microsecond until the year 2255.
        seconds = given.happened_at.timestamp()
        if revisit is not None:
            given.revisit_at = revisit = revisit.astimezone(UTC)
        day = _day(seconds // 900)
    except (OverflowError, ValueError) as error:
        raise _too_far() from error
    keyed = _keyed().copy()
    keyed.update(_ENCODER.encode(given))
    return Read(
        given, text, keyed.digest(), given.id.bytes, round(seconds * 1e6),
        None if revisit is None else round(revisit.timestamp() * 1e6),
        (given.area, given.piece.bytes, given.turn, day),
    )  # fmt: skip


def _check_more(given: GivenVisit) -> None:
    if given.result == "help":
        if not given.note.strip() and not given.answers:
            raise _invalid("note", "请说明需要什么帮助。", "Say what help is needed.")
        return
    if given.result == "wrong" and given.wrong is None:
        raise _invalid("wrong", "请说明哪里有误。", "Say what is wrong.")
    if given.answers:
        raise _invalid("answers", "只有已访的门户可以填写表单。", "Only who was met gives answers.")


_DECODER = msgspec.json.Decoder(GivenVisit)
_ENCODER = msgspec.json.Encoder(order="deterministic")


@lru_cache(maxsize=4096)
def _day(quarter: float) -> str:
    """The city's day of a quarter of an hour since 1970: no zone is shifted by less."""
    return localdate(datetime.fromtimestamp(quarter * 900, UTC)).isoformat()


@lru_cache(maxsize=1)
def _keyed() -> Any:
    """The beginning of every hash: whoever has a copy of the table must not be able to try out answers."""
    key = hashlib.blake2b(
        settings.SHANZHI_FOLLOW_KEY.encode(), digest_size=32, person=b"shanzhi-visits"
    ).digest()
    return hashlib.blake2b(key=key, digest_size=HASH_BYTES)


def submission(account_id: UUID, item: Read) -> Submission:
    """What `take` stores."""
    return Submission(account_id, item)


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
SELECT id, area, sweep_id, account_id, %s, raw
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::bytea[]) AS g (id, area, sweep_id, account_id, raw)
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
    raws: list[bytes] = field(default_factory=list)
    new: int = 0


@dataclass(slots=True)
class _Piece:
    """What is known of a piece in a turn, of somebody who may visit it."""

    sweep_id: bytes
    doors: int
    form: str
    form_version: int
    is_erased: bool
    kept: _Kept | None = None


# A visit on its way into the table; its items, and where they are kept, come last.
_Row = tuple[
    bytes, str, bytes, bytes, int, int, int, bytes, int, int | None, bytes, int, bytes, int, Submission, _Kept
]  # fmt: skip


def take(cursor: Any, submissions: Sequence[Submission], received_at: datetime) -> list[Outcome]:
    """Append visits (收走访) in the caller's transaction; one outcome each, in their order.

    `cursor` is one of psycopg or of Django. An id that is there already is compared by its hash, whoever wrote it;
    ids go in sorted, so that two doors never wait for each other. Late results count, also of a sweep that has ended.
    """
    if not submissions:
        return []
    outcomes: list[Outcome | None] = [None] * len(submissions)
    rows: list[_Row] = []
    taken: set[bytes] = set()
    doubtful: list[int] = []
    kept: dict[tuple[UUID, bytes], _Kept] = {}
    earliest, latest = (round(at.timestamp() * 1e6) for at in (received_at - OLDEST, received_at + AHEAD))
    for n, (one, found) in enumerate(zip(submissions, _pieces(cursor, submissions), strict=True)):
        visit = one.visit
        given = visit.given
        if found is None or given.door >= found.doors:
            outcomes[n] = Outcome(UNKNOWN, NotFound(field="piece" if found is None else "door"))
            continue
        if visit.key in taken:
            doubtful.append(n)
            continue
        is_timely = earliest <= visit.happened <= latest
        if found.is_erased or not is_timely or given.answers is not None:
            error = _refusal(given, found, is_timely, cursor)
            if error is not None:
                outcomes[n] = Outcome(INVALID, error)
                # What was stored in time is known for ever; what is out of time may be just that.
                doubtful.append(n)
                continue
        keep = found.kept
        if keep is None:
            owner = one.account_id, found.sweep_id
            keep = kept.get(owner) or _Kept(uuid7().bytes, given.area, found.sweep_id, one.account_id.bytes)
            found.kept = kept[owner] = keep
        taken.add(visit.key)
        rows.append(
            (visit.key, given.area, keep.sweep_id, visit.asks[1], given.turn, given.door, _BYTES[given.result],
             keep.account_id, visit.happened, visit.revisit, keep.id, len(keep.raws), visit.hash, n, one, keep)
        )  # fmt: skip
        keep.raws.append(visit.raw)
    if rows:
        _store(cursor, rows, list(kept.values()), outcomes, doubtful, received_at)
    if doubtful:
        _compare(cursor, submissions, outcomes, doubtful)
    return [one if one is not None else Outcome(UNKNOWN, NotFound(field="id")) for one in outcomes]


def _pieces(cursor: Any, submissions: Sequence[Submission]) -> list[_Piece | None]:
    """For each its piece; those that ask the same share it."""
    asked: dict[tuple[UUID, tuple[str, bytes, int, str]], int] = {}
    which: list[int] = []
    before: tuple[UUID, tuple[str, bytes, int, str]] | None = None
    at = 0
    for one in submissions:
        key = one.account_id, one.visit.asks
        if key != before:  # whoever sends goes from door to door
            at = asked.setdefault(key, len(asked))
            before = key
        which.append(at)
    accounts, asks = zip(*asked, strict=True)
    areas, pieces, turns, days = zip(*asks, strict=True)
    cursor.execute(
        _PIECES,
        [Ints(range(len(asked))), Texts(areas), Uuids(pieces), Ints(turns), Uuids([one.bytes for one in accounts]),
         Texts(days)],
    )  # fmt: skip
    found: list[_Piece | None] = [None] * len(asked)
    for n, sweep_id, *rest in cursor.fetchall():
        found[n] = _Piece(sweep_id.bytes, *rest)
    return [found[at] for at in which]


def _refusal(given: GivenVisit, found: _Piece, is_timely: bool, cursor: Any) -> ShanzhiError | None:
    """Why an item can never be stored as it is; None when it can."""
    if found.is_erased:
        return AnswersErased(field="piece")
    if not is_timely:
        return _too_far()
    if given.answers is not None:
        try:
            form_answers.check(forms.form(found.form, found.form_version, cursor), given.answers)
        except InvalidInput as error:
            return error
    return None


def _store(
    cursor: Any, rows: list[_Row], kept: list[_Kept], outcomes: list[Outcome | None], doubtful: list[int],
    received_at: datetime,
) -> None:  # fmt: skip
    rows.sort()
    (
        ids, areas, sweeps, pieces, turns, doors, results, accounts, happened, revisits, submissions, positions,
        hashes, *_,
    ) = zip(*rows, strict=True)  # fmt: skip
    cursor.execute(
        _STORE,
        [
            received_at, Uuids(ids), Texts(areas), Uuids(sweeps), Uuids(pieces), Ints(turns), Ints(doors),
            Ints(results), Uuids(accounts), Instants(happened), Instants(revisits), Uuids(submissions),
            Ints(positions), Blobs(hashes),
        ],
    )  # fmt: skip
    if cursor.rowcount < len(rows):
        cursor.execute(_MADE, [Uuids(ids), Uuids([keep.id for keep in kept])])
        made = {found[0].bytes for found in cursor.fetchall()}
        doubtful += [row[-3] for row in rows if row[0] not in made]
        rows = [row for row in rows if row[0] in made]
    news: list[tuple[str, UUID, str, str]] = []
    for *_, n, one, keep in rows:
        outcomes[n] = _STORED
        keep.new += 1
        result = one.visit.given.result
        if result == "help" or result == "wrong":
            sweep_id = UUID(bytes=keep.sweep_id)
            news.append(
                (keep.area, one.visit.given.id, "visit", f'{{"sweep": "{sweep_id}", "result": "{result}"}}')
            )
    written = [keep for keep in kept if keep.new]
    if not written:
        return
    cursor.execute(
        _RAW,
        [
            received_at, Uuids([keep.id for keep in written]), Texts([keep.area for keep in written]),
            Uuids([keep.sweep_id for keep in written]), Uuids([keep.account_id for keep in written]),
            Blobs([sealed(keep.raws) for keep in written]),
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
    cursor.execute(_HASHES, [Uuids([submissions[n].visit.key for n in doubtful])])
    hashes = {found.bytes: bytes(content) for found, content in cursor.fetchall()}
    for n in doubtful:
        there = hashes.get(submissions[n].visit.key)
        if there == submissions[n].visit.hash:
            outcomes[n] = Outcome(KNOWN)
        elif there is not None:
            outcomes[n] = Outcome(CONFLICT, VisitConflict(field="id"))
