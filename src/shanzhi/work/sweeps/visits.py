"""Visits (走访): read from a phone, judged and appended in sets. The SQL of the hot door.

What a phone sent is kept as it sent it, encrypted, in one row for all items of one person and one sweep in a batch:
the visits themselves say only which door, what came of it, and when.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import msgspec
from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access.capabilities import SWEEP_VISIT
from shanzhi.base.rows.encryption import decrypt_bytes, encrypt_bytes
from shanzhi.base.rows.packing import (
    NULL,
    SERVER_EPOCH,
    Blobs,
    Ints,
    Texts,
    Uuids,
    copied,
    instant,
    packed_instant,
)
from shanzhi.core.kit.errors import InvalidInput, NotFound, ShanzhiError
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.outcomes import CONFLICT, INVALID, KNOWN, STORED, UNKNOWN, Outcome
from shanzhi.work.forms import queries as forms
from shanzhi.work.sweeps import courses, packs
from shanzhi.work.sweeps.errors import AnswersErased, VisitConflict
from shanzhi.work.sweeps.flow import RESULTS

AHEAD = timedelta(minutes=5)  # by how much a phone's clock may be fast
OLDEST = timedelta(days=7)
ITEM_BYTES = 4000
TOPIC = "sweeps"
HASH_BYTES = 16
_BYTES = {code: int(one) for code, one in RESULTS.items()}
_STORED, _KNOWN = Outcome(STORED), Outcome(KNOWN)
_News = tuple[str, UUID, str, str]  # area, subject, event, payload


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
        happened = instant(given.happened_at)
        if revisit is not None:
            given.revisit_at = revisit = revisit.astimezone(UTC)
        day = _day(happened // 900_000_000)
    except (OverflowError, ValueError) as error:
        raise _too_far() from error
    keyed = _keyed().copy()
    keyed.update(_ENCODER.encode(given))
    return Read(
        given, text, keyed.digest(), given.id.bytes, happened,
        None if revisit is None else instant(revisit),
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
def _day(quarter: int) -> str:
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
SELECT a.n, t.sweep_id, octet_length(t.states), s.form, s.form_version, s.answers_erased_at IS NOT NULL, s.cadence,
  t.place_id, s.is_drill
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
COPY sweeps_visit (id, area, sweep_id, piece_id, turn, account_id, received_at, submission_id, door, result,
  happened_at, position, hash, revisit_at{more}) FROM STDIN (FORMAT BINARY)
"""
_STORE_REAL, _STORE_SIMULATED = _STORE.format(more=""), _STORE.format(more=", simulated")
_COLUMNS, _TRUE = 14, b"\0\0\0\1\1"
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
# What all visits of one person to one piece have in common, then a visit: values with their lengths before them.
_HEAD = struct.Struct(">i6si16si16sihi16siqi16s").pack
_VISIT = struct.Struct(">hi16s108siiihiqihi16s").pack


@dataclass(slots=True)
class _Kept:
    """The items of one person, one sweep and one area, which are kept together."""

    id: UUID
    area: str
    sweep_id: UUID
    account_id: UUID
    raws: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class _Piece:
    """What is known of a piece in a turn, of somebody who may visit it; `head` begins the rows of its visits."""

    sweep_id: UUID
    doors: int
    form: str
    form_version: int
    is_erased: bool
    cadence: str
    place_id: UUID
    is_drill: bool
    check: forms.Check | None = None
    rules: Sequence[packs.DoorRule] | None = None
    kept: _Kept | None = None
    head: bytes = b""


def take(
    cursor: Any, submissions: Sequence[Submission], received_at: datetime, *, simulated: bool = False
) -> list[Outcome]:
    """Append visits (收走访) in the caller's transaction; one outcome each, in their order.

    `cursor` is one of psycopg or of Django. An id that is there already is compared by its hash, whoever wrote it.
    When somebody else writes it at the same time, the transaction fails by a unique violation: done again, it is
    there. Ids go in sorted, so that two doors never wait for each other. Late results count, also of a sweep that has
    ended. `simulated` visits, marked as such, are taken for sweeps of drills only: doors of another are unknown.
    """
    if not submissions:
        return []
    outcomes: list[Outcome] = []
    rows: list[tuple[bytes, bytes]] = []
    kept: dict[tuple[UUID, UUID, str], _Kept] = {}
    news: list[_News] = []
    moves: list[courses.Move] = []
    earliest, latest = (instant(at) for at in (received_at - OLDEST, received_at + AHEAD))
    hashes = _hashes(cursor, submissions)
    for one, found in zip(submissions, _pieces(cursor, submissions), strict=True):
        visit = one.visit
        given = visit.given
        if found is not None and simulated and not found.is_drill:
            found = None
        if found is None or given.door >= found.doors:
            outcomes.append(Outcome(UNKNOWN, NotFound(field="piece" if found is None else "door")))
            continue
        if (there := hashes.get(visit.key)) is not None:
            # What was stored in time is known for ever.
            outcomes.append(_KNOWN if there == visit.hash else Outcome(CONFLICT, VisitConflict(field="id")))
            continue
        try:
            if found.is_erased:
                raise AnswersErased(field="piece")
            if not earliest <= visit.happened <= latest:
                raise _too_far()
            if given.answers is not None:
                found.check = found.check or forms.check(found.form, found.form_version, cursor)
                found.check(given.answers)
        except ShanzhiError as error:
            outcomes.append(Outcome(INVALID, error))
            continue
        keep = found.kept or _keep(found, one, received_at, kept)
        hashes[visit.key] = visit.hash
        row = _VISIT(
            _COLUMNS + simulated, 16, visit.key, found.head, 4, given.door, 2, _BYTES[given.result], 8,
            visit.happened - SERVER_EPOCH, 2, len(keep.raws), HASH_BYTES, visit.hash,
        )  # fmt: skip
        row += NULL if visit.revisit is None else packed_instant(visit.revisit)
        rows.append((visit.key, row + _TRUE if simulated else row))
        keep.raws.append(visit.raw)
        outcomes.append(_STORED)
        if given.answers:
            moves += _moves(visit, found)
        if given.result == "help" or given.result == "wrong":
            payload = f'{{"sweep": "{keep.sweep_id}", "result": "{given.result}"}}'
            news.append((keep.area, given.id, "visit", payload))
    if rows:
        _store(cursor, rows, list(kept.values()), news, received_at, simulated)
    if moves:
        courses.note(cursor, moves, received_at)
    return outcomes


def _hashes(cursor: Any, submissions: Sequence[Submission]) -> dict[bytes, bytes]:
    """Of the visits that are there already, id and hash."""
    cursor.execute(_HASHES, [Uuids(sorted([one.visit.key for one in submissions]))])
    return {found.bytes: bytes(content) for found, content in cursor.fetchall()}


def _keep(
    found: _Piece, one: Submission, received_at: datetime, kept: dict[tuple[UUID, UUID, str], _Kept]
) -> _Kept:
    """Where the items of this person and sweep are kept; the piece knows it from now on."""
    area, piece, turn, _ = one.visit.asks
    keep = kept.setdefault(
        (one.account_id, found.sweep_id, area),
        # An id that tells no time: the time of receipt becomes a day later on.
        _Kept(uuid4(), area, found.sweep_id, one.account_id),
    )
    found.kept = keep
    found.head = _HEAD(
        6, area.encode(), 16, found.sweep_id.bytes, 16, piece, 2, turn, 16, one.account_id.bytes,
        8, instant(received_at) - SERVER_EPOCH, 16, keep.id.bytes,
    )  # fmt: skip
    return keep


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
    for n, *rest in cursor.fetchall():
        found[n] = _Piece(*rest)
    return [found[at] for at in which]


def _store(
    cursor: Any, rows: list[tuple[bytes, bytes]], kept: list[_Kept], news: list[_News], received_at: datetime,
    simulated: bool,
) -> None:  # fmt: skip
    """Visits, what they were read from, and the news of them."""
    rows.sort()
    with cursor.copy(_STORE_SIMULATED if simulated else _STORE_REAL) as copy:
        copy.write(copied([row for _, row in rows]))
    cursor.execute(
        _RAW,
        [
            received_at, Uuids([keep.id.bytes for keep in kept]), Texts([keep.area for keep in kept]),
            Uuids([keep.sweep_id.bytes for keep in kept]), Uuids([keep.account_id.bytes for keep in kept]),
            Blobs([sealed(keep.raws) for keep in kept]),
        ],
    )  # fmt: skip
    counts: dict[tuple[str, UUID], int] = {}
    for keep in kept:
        counts[keep.area, keep.sweep_id] = counts.get((keep.area, keep.sweep_id), 0) + len(keep.raws)
    news += [
        (area, sweep_id, "visits", f'{{"visits": {count}}}') for (area, sweep_id), count in counts.items()
    ]
    areas, subjects, events, payloads = (list(column) for column in zip(*news, strict=True))
    made_ids = [uuid7() for _ in news]
    cursor.execute(
        _NEWS, [made_ids, areas, [TOPIC] * len(news), subjects, events, payloads, [received_at] * len(news)]
    )


def _moves(visit: Any, found: _Piece) -> list[courses.Move]:
    """What the answers of a visit do to the days of its door."""
    given = visit.given
    if found.rules is None:
        found.rules = packs.door_rules(found.cadence, found.form)
    rules = [one for one in found.rules if one.fits(given.answers)]
    if not rules:
        return []
    day = date.fromisoformat(visit.asks[3])
    return [
        courses.Move(
            given.area, found.sweep_id, given.piece, found.place_id, given.door, rule.code,
            day if rule.does == "restart" else None,
            day + timedelta(days=rule.days) if rule.does == "lengthen" else None, given.id,
        )
        for rule in rules
    ]  # fmt: skip


def sealed(raws: Sequence[bytes]) -> bytes:
    """Items as they came, a JSON array, packed and encrypted."""
    return encrypt_bytes(zlib.compress(b"[" + b",".join(raws) + b"]", 1))


def opened(raw: bytes | memoryview) -> list[dict[str, Any]]:
    """The items again."""
    found: list[dict[str, Any]] = msgspec.json.decode(zlib.decompress(decrypt_bytes(bytes(raw))))
    return found
