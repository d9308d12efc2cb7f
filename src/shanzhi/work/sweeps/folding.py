"""Folding (汇总走访): visits into the state of their pieces and the roll-ups above; in sets.

What a door is follows from all its visits in the turn (`merging`), in whatever order they came and however often.
Which visits are new is found by `written`, the transaction that wrote them. Where they are a door's first, or say
what it says already, that is what it is; only where they differ all its visits are read. The roll-ups are changed by
the differences, in the same transaction and by one folder at a time: no counter is hot, and they are the sum of
pieces.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import ne
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.utils import InterfaceError, OperationalError

from shanzhi.core.kit.clock import Clock
from shanzhi.work.sweeps import following, packs
from shanzhi.work.sweeps.flow import NOT_DUE, Result
from shanzhi.work.sweeps.merging import winner
from shanzhi.work.sweeps.turns import LOCK, roll_up

POLL_SECONDS = 0.5
COUNT_SECONDS = 2

log = logging.getLogger("shanzhi.sweeps")

COUNTS = ("visited", "absent", "refused", "vacant", "help", "wrong")  # in the order of their bytes, from 1
_SNAPSHOT = """
SELECT pg_snapshot_xmin(now.it)::text::bigint, pg_snapshot_xmax(now.it)::text::bigint,
  coalesce((SELECT written FROM sweeps_foldmark WHERE id = 1), 0)
FROM (SELECT pg_current_snapshot() AS it) now
"""
_READ = """
WITH new AS (
  SELECT area, piece_id, turn, array_agg(door) AS doors, array_agg(result) AS results,
    array_agg(id) FILTER (WHERE result = ANY(%(noted)s)) AS noted
  FROM sweeps_visit WHERE written >= %(mark)s::text::xid8 {bound} GROUP BY area, piece_id, turn
)
SELECT t.area, t.piece_id, t.turn, t.id, t.sweep_id, t.place_id, t.states, n.doors, n.results, n.noted
FROM new n JOIN sweeps_turnpiece t ON t.area = n.area AND t.piece_id = n.piece_id AND t.turn = n.turn
"""
# Nothing live is written at or beyond the end of the snapshot that reads it: what is there was restored.
_ALL = _READ.format(bound="")
_LIVE = _READ.format(bound="AND written < pg_snapshot_xmax(pg_current_snapshot())")
_BY_INDEX = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)
# OFFSET 0 fixes the way: from the doors to their visits, by index.
_DIFFERING = """
SELECT g.piece, g.door, v.result, v.happened_at, v.id
FROM unnest(%s::int[], %s::text[], %s::uuid[], %s::int[], %s::int[]) AS g (piece, area, piece_id, turn, door)
CROSS JOIN LATERAL (
  SELECT result, happened_at, id FROM sweeps_visit v
  WHERE v.piece_id = g.piece_id AND v.turn = g.turn AND v.door = g.door AND v.area = g.area OFFSET 0
) v
ORDER BY g.piece, g.door
"""
_WRITE = (
    "UPDATE sweeps_turnpiece t SET states = n.states, "
    + ", ".join(f"{one} = t.{one} + n.{one}" for one in COUNTS)
    + " FROM unnest(%s::text[], %s::uuid[], %s::bytea[], "
    + ", ".join("%s::int[]" for _ in COUNTS)
    + f") AS n (area, id, states, {', '.join(COUNTS)}) WHERE t.area = n.area AND t.id = n.id"
)
_ROLL = (
    f"WITH d (sweep_id, turn, place_id, {', '.join(COUNTS)}) AS (SELECT * FROM unnest(%s::uuid[], %s::int[], "
    + "%s::uuid[], "
    + ", ".join("%s::int[]" for _ in COUNTS)
    + ")), rolled AS (SELECT d.sweep_id, d.turn, k.ancestor_id AS place_id, "
    + ", ".join(f"sum(d.{one})::int AS {one}" for one in COUNTS)
    + " FROM d JOIN sweeps_sweep s ON s.id = d.sweep_id JOIN places_placeclosure k ON k.descendant_id = d.place_id"
    + " AND k.from_on <= (s.issued_at AT TIME ZONE 'Asia/Shanghai')::date"
    + " AND (k.to_on IS NULL OR k.to_on > (s.issued_at AT TIME ZONE 'Asia/Shanghai')::date)"
    + " GROUP BY 1, 2, 3) UPDATE sweeps_placecover c SET "
    + ", ".join(f"{one} = c.{one} + r.{one}" for one in COUNTS)
    + " FROM rolled r WHERE c.sweep_id = r.sweep_id AND c.turn = r.turn AND c.place_id = r.place_id"
)
_TURN = (
    "UPDATE sweeps_turn t SET at = %s, "
    + ", ".join(f"{one} = t.{one} + n.{one}" for one in COUNTS)
    + f" FROM unnest(%s::uuid[], %s::int[], {', '.join('%s::int[]' for _ in COUNTS)})"
    + f" AS n (sweep_id, number, {', '.join(COUNTS)}) WHERE t.sweep_id = n.sweep_id AND t.number = n.number"
)
_CURVE = """
WITH found AS (
  SELECT t.sweep_id, t.number, t.doors, {settled} AS settled, t.absent
  FROM unnest(%(sweeps)s::uuid[], %(turns)s::int[]) AS g (sweep_id, number)
  JOIN sweeps_turn t ON t.sweep_id = g.sweep_id AND t.number = g.number
), again AS (
  UPDATE sweeps_covercount c SET at = %(at)s, doors = f.doors, settled = f.settled, absent = f.absent
  FROM found f WHERE c.sweep_id = f.sweep_id AND c.turn = f.number AND c.at >= %(since)s AND c.at <= %(at)s
  RETURNING c.sweep_id, c.turn
)
INSERT INTO sweeps_covercount (sweep_id, turn, at, doors, settled, absent)
SELECT sweep_id, number, %(at)s, doors, settled, absent FROM found
WHERE (sweep_id, number) NOT IN (SELECT sweep_id, turn FROM again)
"""
_MARK = """
INSERT INTO sweeps_foldmark (id, written) VALUES (1, %s)
ON CONFLICT (id) DO UPDATE SET written = excluded.written WHERE sweeps_foldmark.written <> excluded.written
"""


def settled_names() -> list[str]:
    """Which counts are of doors where nobody has to come again, by the pack."""
    settles = packs.rule().settles
    return [one for one in COUNTS if int(Result[one.upper()]) in settles]


def fold(at: datetime, *, restored: bool = True) -> int:
    """Fold what came since the last time (汇总); how many doors changed. One folder works at a time.

    The mark moves to the oldest transaction that ran before the reading began, so that what commits late is read
    the next time. A mark beyond the end of this server's transactions is another server's: all is folded anew.
    Without `restored`, visits that another server wrote are passed over (they would be read each time).
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_SNAPSHOT)
        oldest, end, mark = cursor.fetchone()
        if mark > end:
            mark, restored = 0, True
        if not restored:
            cursor.execute(_BY_INDEX)
        cursor.execute(_ALL if restored else _LIVE, {"mark": mark, "noted": list(following.KINDS)})
        pieces = [_Piece(*row) for row in cursor.fetchall()]
        changed = _apply(cursor, pieces, at)
        cursor.execute(_MARK, [oldest])
        following.note(cursor, [one for piece in pieces for one in piece.noted or ()], at)
        return changed


@dataclass(slots=True)
class _Piece:
    """A piece with new visits; `new` is what its doors become."""

    area: str
    piece_id: UUID
    turn: int
    id: UUID
    sweep_id: UUID
    place_id: UUID
    states: bytes
    doors: list[int]
    results: list[int]
    noted: list[UUID] | None
    new: bytearray = field(init=False)

    def __post_init__(self) -> None:
        self.states = bytes(self.states)
        self.new = bytearray(self.states)

    def put(self) -> set[int]:
        """Put in what is new; the doors of which the visits differ."""
        new, differing = self.new, set()
        for door, result in zip(self.doors, self.results, strict=True):
            was = new[door]
            if was == 0:
                new[door] = result
            # A visit where nobody was due is kept, and changes nothing of the turn.
            elif was not in (result, NOT_DUE):
                differing.add(door)
        return differing


def _apply(cursor: Any, pieces: list[_Piece], at: datetime) -> int:
    """Put the winners of these doors into their pieces; how many doors changed."""
    differing = [(n, door) for n, piece in enumerate(pieces) for door in piece.put()]
    if differing:
        _decide(cursor, pieces, differing)
    writes: list[tuple[Any, ...]] = []
    by_place: dict[tuple[UUID, int, UUID], list[int]] = {}
    by_turn: dict[tuple[UUID, int], list[int]] = {}
    changed = 0
    for piece in pieces:
        states, new = piece.states, piece.new
        if new == states:
            continue
        changed += sum(map(ne, states, new))
        deltas = [new.count(result) - states.count(result) for result in range(1, len(COUNTS) + 1)]
        writes.append((piece.area, piece.id, bytes(new), *deltas))
        _add(by_place, (piece.sweep_id, piece.turn, piece.place_id), deltas)
        _add(by_turn, (piece.sweep_id, piece.turn), deltas)
    if writes:
        cursor.execute(_WRITE, _columns(writes))
        cursor.execute(_ROLL, _columns((*key, *sums) for key, sums in by_place.items()))
        cursor.execute(_TURN, [at, *_columns((*key, *sums) for key, sums in by_turn.items())])
        _count(cursor, list(by_turn), at)
    return changed


def _decide(cursor: Any, pieces: list[_Piece], differing: list[tuple[int, int]]) -> None:
    """Of doors whose visits differ, the winner of all of them."""
    rule = packs.rule()
    asked = [(n, pieces[n].area, pieces[n].piece_id, pieces[n].turn, door) for n, door in differing]
    cursor.execute(_DIFFERING, _columns(asked))
    for (n, door), visits in groupby(cursor.fetchall(), key=lambda row: row[:2]):
        pieces[n].new[door] = winner([(row[2], row[3], row[4]) for row in visits], rule)[0]


def _add(into: dict[Any, list[int]], key: Any, deltas: list[int]) -> None:
    into[key] = [one + delta for one, delta in zip(into.get(key, (0,) * len(deltas)), deltas, strict=True)]


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _count(cursor: Any, turns: list[tuple[UUID, int]], at: datetime) -> None:
    """A line of the curve for each turn; within two seconds it is the same line, with the newest numbers."""
    since = datetime.fromtimestamp(at.timestamp() // COUNT_SECONDS * COUNT_SECONDS, UTC)
    settled = " + ".join(f"t.{one}" for one in settled_names())
    cursor.execute(
        _CURVE.format(settled=settled),
        {"sweeps": [one[0] for one in turns], "turns": [one[1] for one in turns], "at": at, "since": since},
    )


def recount(sweep_id: UUID, turn: int, on: Any) -> None:
    """The roll-ups of a turn from its pieces, anew; they are that already, and a check says so."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        roll_up(cursor, sweep_id, turn, on)


def run(stop: threading.Event, clock: Clock) -> None:
    """Fold twice a second until `stop`; after a broken connection, connect again and look at everything."""
    restored = True
    while not stop.is_set():
        try:
            fold(clock.now(), restored=restored)
            restored = False
            stop.wait(POLL_SECONDS)
        except (OperationalError, InterfaceError) as error:
            log.warning("folding of visits lost its connection: %s", type(error).__name__)
            connection.close()
            restored = True
            stop.wait(0.5)
    connection.close()
