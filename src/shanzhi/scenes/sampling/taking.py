"""Taking what phones at points send (收现场记录): judged in order, stored in sets. The SQL of the hot door.

Tubes that are named are locked first, in the order of their ids: two doors at a tube's last place wait for
each other, and the second is told that there is none. What is known is looked up after that, so nothing counts twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shanzhi.core.kit.errors import NotFound, ShanzhiError
from shanzhi.core.kit.outcomes import CONFLICT, INVALID, KNOWN, STORED, UNKNOWN, Outcome
from shanzhi.scenes.sampling import packs
from shanzhi.scenes.sampling.errors import (
    ActConflict,
    AlreadyServed,
    BarcodeTaken,
    NotNow,
    RetestUnknown,
    TicketUnknown,
    TubeFull,
    TubeNotOpen,
    TubeOfOneHousehold,
)
from shanzhi.scenes.sampling.flow import CLOSED, ISSUED, OPEN, Kind, What
from shanzhi.scenes.sampling.known import KnownPoint, KnownTube, Seen, hashes_of, look
from shanzhi.scenes.sampling.reading import AHEAD, OLDEST, GivenAct, Submission, invalid, too_far

_ORDER = {str(What.TUBE): 0, str(What.CHECK_IN): 1, str(What.CLOSE): 2, str(What.BOX): 3}
# Rows as one array a column; what is not returned was stored by another door a moment before.
_ACTS = """
INSERT INTO sampling_act (id, area, campaign_id, point_id, place_id, tube_id, what, table_no, people, is_retest,
  account_id, happened_at, received_at, hash)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::int[],
  %s::int[], %s::bool[], %s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::bytea[])
ON CONFLICT DO NOTHING RETURNING id
"""
_CHECKINS = """
INSERT INTO sampling_checkin (id, area, campaign_id, place_id, ticket_id, tube_id, people, once, is_retest, at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::bool[],
  %s::bool[], %s::timestamptz[])
ON CONFLICT DO NOTHING RETURNING id
"""
_TUBES = """
INSERT INTO sampling_tube (id, area, campaign_id, point_id, table_no, barcode, pooling, capacity, opened_at, filled,
  state)
SELECT *, 0, 'open' FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::text[],
  %s::int[], %s::timestamptz[])
ON CONFLICT DO NOTHING RETURNING id
"""
_FILL = """
UPDATE sampling_tube t SET filled = w.filled, ticket_id = w.ticket_id, retest_id = w.retest_id
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::uuid[], %s::uuid[]) AS w (id, area, filled, ticket_id, retest_id)
WHERE t.area = w.area AND t.id = w.id
"""
_CLOSE = """
UPDATE sampling_tube t SET state = 'closed', closed_at = w.at
FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS w (id, area, at)
WHERE t.area = w.area AND t.id = w.id AND t.state = 'open'
"""
_BOX = """
INSERT INTO sampling_box (id, area, campaign_id, point_id, label, taken_by, tubes, at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_HAND = """
UPDATE sampling_tube SET state = 'handed', box_id = %s WHERE area = %s AND id = ANY(%s) AND state = 'closed'
"""
_RESAMPLED = """
UPDATE sampling_retest SET sampled = sampled + %s,
  state = CASE WHEN sampled + %s >= people THEN 'sampled' ELSE state END
WHERE area = %s AND id = %s
"""
_PAUSE = """
UPDATE sampling_point SET paused = array_append(array_remove(paused, %s::smallint), %s::smallint)
WHERE area = %s AND id = %s
"""
_RESUME = "UPDATE sampling_point SET paused = array_remove(paused, %s::smallint) WHERE area = %s AND id = %s"


Row = tuple[Any, ...]


def _write(cursor: Any, sql: str, rows: Sequence[Row]) -> None:
    """Rows in one statement."""
    if rows:
        cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])


def _added(cursor: Any, sql: str, rows: Sequence[Row]) -> set[UUID]:
    """Insert rows in one statement; the ids of those that were new."""
    _write(cursor, sql, rows)
    return {row[0] for row in cursor.fetchall()} if rows else set()


@dataclass(slots=True)
class _Taken:
    """An act that is to be stored, with what it stands for."""

    one: Submission
    point: KnownPoint
    place_id: UUID | None = None
    ticket_id: UUID | None = None

    @property
    def given(self) -> GivenAct:
        """What the phone sent."""
        return self.one.given


def take(cursor: Any, submissions: Sequence[Submission], received_at: datetime) -> list[Outcome]:
    """Store what was done at points (收现场记录) in the caller's transaction; one outcome each, in their order.

    `cursor` is one of psycopg or of Django. Within a set tubes are opened before people are put into them, and closed
    after; otherwise the order is that of the request.
    """
    if not submissions:
        return []
    seen = look(cursor, submissions, received_at)
    outcomes: list[Outcome | None] = [None] * len(submissions)
    taken: dict[int, _Taken] = {}
    order = sorted(range(len(submissions)), key=lambda n: _ORDER.get(submissions[n].given.what, 9))
    tubes = [number for number in order if submissions[number].given.what == str(What.TUBE)]
    _judge_all(seen, submissions, tubes, taken, outcomes, received_at)
    _insert_tubes(cursor, seen, taken, outcomes)
    _judge_all(seen, submissions, order[len(tubes) :], taken, outcomes, received_at)
    _store(cursor, seen, taken, outcomes, received_at)
    return [one or Outcome(STORED) for one in outcomes]


def _judge_all(
    seen: Seen, submissions: Sequence[Submission], order: Sequence[int], taken: dict[int, _Taken],
    outcomes: list[Outcome | None], received_at: datetime,
) -> None:  # fmt: skip
    """Say of each, in this order, whether it is to be stored."""
    for number in order:
        one = submissions[number]
        known = seen.hashes.get(one.given.id)
        point = seen.points.get((one.given.point, one.account_id))
        if point is None:
            outcomes[number] = Outcome(UNKNOWN, NotFound(field="point"))
        elif known is not None:
            outcomes[number] = _again(one, known)
        else:
            try:
                taken[number] = _judge(seen, one, point, received_at)
                seen.hashes[one.given.id] = one.hash
            except ShanzhiError as error:
                outcomes[number] = Outcome(INVALID, error)


def _insert_tubes(cursor: Any, seen: Seen, taken: dict[int, _Taken], outcomes: list[Outcome | None]) -> None:
    """New tubes go in before anybody is put into them; what another door opened a moment before is not ours."""
    opened = sorted(taken.values(), key=lambda row: row.given.id)
    added = _added(cursor, _TUBES, [_tube_row(row, seen.tubes[row.given.id].capacity) for row in opened])
    lost = {number for number, row in taken.items() if row.given.id not in added}
    _note_lost(cursor, taken, lost, outcomes)
    for number in lost:
        given = taken.pop(number).given
        seen.tubes.pop(given.id, None)


def _again(one: Submission, known: bytes) -> Outcome:
    return Outcome(KNOWN) if known == one.hash else Outcome(CONFLICT, ActConflict(field="id"))


def _judge(seen: Seen, one: Submission, point: KnownPoint, received_at: datetime) -> _Taken:
    given = one.given
    if not received_at - OLDEST <= given.happened_at <= received_at + AHEAD:
        raise too_far()
    if point.state != ISSUED and not (point.ended_at and given.happened_at <= point.ended_at):
        raise NotNow(field="point")
    if given.table > point.tables:
        raise invalid("table", f"该点位只有 {point.tables} 个工位。", f"The point has {point.tables} tables.")
    if given.what in (str(What.TUBE), str(What.CLOSE), str(What.BOX)) and point.kind != str(Kind.SAMPLING):
        raise invalid("what", "发放轮次不用采样管。", "Distribution has no tubes.")
    if given.what == str(What.CHECK_IN):
        return _check_in(seen, one, point)
    if given.what == str(What.TUBE):
        _open(seen, one, point)
    elif given.what == str(What.CLOSE):
        tube = _own(seen, given.tube, given.point)
        if tube.state != OPEN or not tube.filled:
            raise TubeNotOpen(field="tube")
        tube.state = CLOSED
    elif given.what == str(What.BOX):
        if any(_own(seen, tube, given.point).state != CLOSED for tube in given.tubes):
            raise invalid(
                "tubes", "只有已封管且未送检的采样管可以装箱。", "Only closed tubes not yet handed over."
            )
        for named in given.tubes:
            seen.tubes[named].state = "handed"
    return _Taken(one, point)


def _own(seen: Seen, tube_id: UUID | None, point_id: UUID) -> KnownTube:
    tube = seen.tubes.get(tube_id) if tube_id else None
    if tube is None or tube.point_id != point_id:
        raise TubeNotOpen(field="tube")
    return tube


def _open(seen: Seen, one: Submission, point: KnownPoint) -> None:
    given = one.given
    if (point.campaign_id, given.barcode) in seen.barcodes or given.id in seen.tubes:
        raise BarcodeTaken(field="barcode", barcode=given.barcode)
    pooling = packs.pooling(given.pooling)
    seen.barcodes.add((point.campaign_id, given.barcode))
    seen.tubes[given.id] = KnownTube(
        point.campaign_id, given.point, OPEN, pooling.code, pooling.size, 0, None, None
    )


def _check_in(seen: Seen, one: Submission, point: KnownPoint) -> _Taken:
    given, campaign = one.given, point.campaign_id
    ticket_id, place_id = _who(seen, one, campaign)
    if point.kind == str(Kind.DISTRIBUTION):
        if given.tube or given.retest:
            raise invalid("tube", "发放轮次不用采样管。", "Distribution has no tubes.")
        if ticket_id is not None:
            if (campaign, ticket_id) in seen.served:
                raise AlreadyServed(field="ticket")
            seen.served.add((campaign, ticket_id))
        return _Taken(one, point, place_id, ticket_id)
    if given.tube is None:
        raise invalid("tube", "请先开管。", "Open a tube first.")
    tube = _own(seen, given.tube, given.point)
    if tube.state != OPEN:
        raise TubeNotOpen(field="tube")
    pooling = packs.pooling(tube.pooling)
    if pooling.household and tube.filled and (ticket_id is None or tube.ticket_id != ticket_id):
        raise TubeOfOneHousehold(field="tube")
    if tube.filled + given.people > tube.capacity:
        raise TubeFull(field="people", left=tube.capacity - tube.filled, people=given.people)
    if given.retest:
        if tube.capacity != 1 or seen.retests[given.retest][3] < given.people:
            raise RetestUnknown(field="retest")
        seen.retests[given.retest][3] -= given.people
        tube.retest_id = given.retest
    tube.filled += given.people
    if pooling.household:
        tube.ticket_id = ticket_id
    return _Taken(one, point, place_id, ticket_id)


def _who(seen: Seen, one: Submission, campaign: UUID) -> tuple[UUID | None, UUID]:
    """The household and the micro-grid: of the re-test, of the ticket, or the micro-grid alone."""
    given = one.given
    if given.retest:
        found = seen.retests.get(given.retest)
        if found is None or found[0] != campaign:
            raise RetestUnknown(field="retest")
        return found[1], found[2]
    if one.code:
        ticket = seen.tickets.get((campaign, one.code))
        if ticket is None:
            raise TicketUnknown(field="ticket", ticket=one.code)
        return ticket
    if given.place is None or (campaign, given.place) not in seen.grids:
        raise invalid("place", "该微网格不在本轮次范围内。", "The micro-grid is not in this round.")
    return None, given.place


def _store(
    cursor: Any, seen: Seen, taken: dict[int, _Taken], outcomes: list[Outcome | None], received_at: datetime
) -> None:
    """Everything that passed: who came, acts; then what they change. Ids go in sorted."""
    rows = sorted(taken.items(), key=lambda item: item[1].given.id)
    came = [(number, row) for number, row in rows if row.given.what == str(What.CHECK_IN)]
    added = _added(cursor, _CHECKINS, [_checkin_row(row) for _, row in came])
    lost = {number for number, row in came if row.given.id not in added}
    _note_lost(cursor, taken, lost, outcomes)
    kept = [(number, row) for number, row in rows if number not in lost]
    added = _added(cursor, _ACTS, [_act_row(row, received_at) for _, row in kept])
    late = {number for number, row in kept if row.given.id not in added}
    _note_lost(cursor, taken, late, outcomes)
    _change(cursor, seen, [row for number, row in kept if number not in late])


def _tube_row(row: _Taken, capacity: int) -> Row:
    given = row.given
    return (
        given.id, given.area, row.point.campaign_id, given.point, given.table, given.barcode, given.pooling, capacity,
        given.happened_at,
    )  # fmt: skip


def _checkin_row(row: _Taken) -> Row:
    given = row.given
    once = row.point.kind == str(Kind.DISTRIBUTION) and row.ticket_id is not None
    return (
        given.id, given.area, row.point.campaign_id, row.place_id, row.ticket_id, given.tube, given.people, once,
        given.retest is not None, given.happened_at,
    )  # fmt: skip


def _act_row(row: _Taken, received_at: datetime) -> Row:
    given = row.given
    named = {str(What.CLOSE): given.tube, str(What.TUBE): given.id}  # the tube that an act closes or opens
    return (
        given.id, given.area, row.point.campaign_id, given.point, row.place_id, named.get(given.what), given.what,
        given.table, given.people, given.retest is not None, row.one.account_id, given.happened_at, received_at,
        row.one.hash,
    )  # fmt: skip


def _note_lost(
    cursor: Any, taken: dict[int, _Taken], lost: Iterable[int], outcomes: list[Outcome | None]
) -> None:
    """What another door stored a moment before: the same is known, another content is not taken."""
    wanted = list(lost)
    if not wanted:
        return
    hashes = hashes_of(cursor, [taken[n].given.id for n in wanted])
    for number in wanted:
        one = taken[number].one
        if (known := hashes.get(one.given.id)) is not None:
            outcomes[number] = _again(one, known)
        elif one.given.what == str(What.TUBE):
            outcomes[number] = Outcome(INVALID, BarcodeTaken(field="barcode", barcode=one.given.barcode))
        else:
            outcomes[number] = Outcome(INVALID, AlreadyServed(field="ticket"))


def _change(cursor: Any, seen: Seen, rows: Sequence[_Taken]) -> None:
    """What the acts change beside themselves: tubes, boxes, re-tests, tables."""
    areas: dict[UUID, str] = {}
    for row in rows:
        given = row.given
        if given.what == str(What.CHECK_IN) and given.tube:
            areas[given.tube] = given.area
        if given.retest:
            cursor.execute(_RESAMPLED, [given.people, given.people, given.area, given.retest])
    filled = [(one, areas[one], seen.tubes[one]) for one in sorted(areas)]
    _write(cursor, _FILL, [(one, area, t.filled, t.ticket_id, t.retest_id) for one, area, t in filled])
    given_all = [row.given for row in rows]
    closed = [(one.tube, one.area, one.happened_at) for one in given_all if one.what == str(What.CLOSE)]
    _write(cursor, _CLOSE, closed)
    for row in rows:
        given = row.given
        if given.what == str(What.BOX):
            label, taken_by = given.label.strip(), " ".join(given.taken_by.split())
            cursor.execute(
                _BOX,
                [
                    given.id, given.area, row.point.campaign_id, given.point, label, taken_by, len(given.tubes),
                    given.happened_at,
                ],
            )  # fmt: skip
            cursor.execute(_HAND, [given.id, given.area, list(given.tubes)])
        elif given.what == str(What.PAUSE):
            cursor.execute(_PAUSE, [given.table, given.table, given.area, given.point])
        elif given.what == str(What.RESUME):
            cursor.execute(_RESUME, [given.table, given.area, given.point])
