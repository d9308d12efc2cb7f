"""Turns (轮次): opened when their slot begins, for the pieces that are due; with the roll-up of their doors."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.rows import in_sets
from shanzhi.work.sweeps import courses, packs
from shanzhi.work.sweeps.flow import ISSUED
from shanzhi.work.sweeps.models import DoorCourse, Piece, Sweep, Turn

LOCK = 0x73776670  # "swfp": whoever changes the state of pieces or their roll-ups

_OPEN = """
INSERT INTO sweeps_turnpiece (id, area, piece_id, sweep_id, turn, place_id, group_id, compound_id, doors, states,
  visited, absent, refused, vacant, help, wrong)
SELECT gen_random_uuid(), p.area, p.id, p.sweep_id, %(turn)s, p.place_id, p.group_id, p.compound_id, p.doors,
  decode(repeat('00', p.doors), 'hex'), 0, 0, 0, 0, 0, 0
FROM sweeps_piece p WHERE p.sweep_id = %(sweep)s {due}
ON CONFLICT DO NOTHING RETURNING group_id
"""
# Lists of groups that got doors are cut anew: a group without a crew is.
_UNCUT = "DELETE FROM sweeps_crew WHERE sweep_id = %s AND turn = %s AND group_id = ANY(%s)"
_COUNT = """
UPDATE sweeps_turn t SET doors = n.doors FROM (
  SELECT coalesce(sum(doors), 0) AS doors FROM sweeps_turnpiece WHERE sweep_id = %(sweep)s AND turn = %(turn)s
) n WHERE t.sweep_id = %(sweep)s AND t.number = %(turn)s
"""
# Every place above a piece on the day of issue, from its own counts: the truth to which folding adds.
_COVER = """
WITH own AS (
  SELECT place_id, sum(doors) AS doors, sum(visited) AS visited, sum(absent) AS absent, sum(refused) AS refused,
    sum(vacant) AS vacant, sum(help) AS help, sum(wrong) AS wrong
  FROM sweeps_turnpiece WHERE sweep_id = %(sweep)s AND turn = %(turn)s GROUP BY place_id
), rolled AS (
  SELECT k.ancestor_id AS place_id, sum(doors) AS doors, sum(visited) AS visited, sum(absent) AS absent,
    sum(refused) AS refused, sum(vacant) AS vacant, sum(help) AS help, sum(wrong) AS wrong
  FROM own JOIN places_placeclosure k ON k.descendant_id = own.place_id AND k.from_on <= %(on)s
    AND (k.to_on IS NULL OR k.to_on > %(on)s)
  GROUP BY k.ancestor_id
)
INSERT INTO sweeps_placecover (sweep_id, turn, place_id, doors, visited, absent, refused, vacant, help, wrong)
SELECT %(sweep)s, %(turn)s, place_id, doors, visited, absent, refused, vacant, help, wrong FROM rolled
ON CONFLICT (sweep_id, turn, place_id) DO UPDATE SET doors = excluded.doors, visited = excluded.visited,
  absent = excluded.absent, refused = excluded.refused, vacant = excluded.vacant, help = excluded.help,
  wrong = excluded.wrong
"""


def lock() -> None:
    """Be the only one who changes the state of pieces, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def begun_on(sweep: Sweep) -> date:
    """The first day of a sweep that was issued."""
    assert sweep.issued_at is not None
    return localdate(sweep.issued_at)


def number_at(sweep: Sweep, at: datetime) -> int | None:
    """The number of the turn whose slot is open at an instant; None between slots."""
    cadence = packs.cadence(sweep.cadence)
    if not cadence.slots:
        return 0
    day = (localdate(at) - begun_on(sweep)).days
    for nth in range(len(cadence.slots)):
        number = day * len(cadence.slots) + nth
        opens, closes = cadence.slot_at(begun_on(sweep), number)
        if opens <= at < closes:
            return number
    return None


def open_turn(sweep: Sweep, at: datetime) -> Turn | None:
    """Open the turn of this instant (开启轮次), and add pieces that have become due in it; None between turns.

    In the caller's transaction. Done again it changes nothing.
    """
    if sweep.state != ISSUED or (number := number_at(sweep, at)) is None:
        return None
    lock()
    cadence, due, on = packs.cadence(sweep.cadence), "", begun_on(sweep)
    given: dict[str, Any] = {"sweep": sweep.id, "turn": number}
    zh, en, opens, closes = "全部", "All", sweep.issued_at, sweep.until_at
    if cadence.slots:
        day, nth = divmod(number, len(cadence.slots))
        on += timedelta(days=day)
        anchors = [
            one
            for one in Piece.objects.filter(sweep=sweep).values_list("anchor_on", flat=True).distinct()
            if cadence.is_due(one, on)
        ]
        moved = bool(cadence.rules) and DoorCourse.objects.filter(sweep_id=sweep.id).exists()
        if not anchors and not moved:
            return None
        due, given["anchors"] = "AND p.anchor_on = ANY(%(anchors)s)", anchors
        opens, closes = cadence.slot_at(begun_on(sweep), number)
        zh, en = f"第 {day + 1} 天 · {cadence.slots[nth].zh}", f"Day {day + 1}, {cadence.slots[nth].en}"
    with in_sets(), connection.cursor() as cursor:
        groups = courses.bring(cursor, sweep, number, on, cadence) if cadence.rules else set()
        cursor.execute(_OPEN.format(due=due), given)
        groups |= {row[0] for row in cursor.fetchall()}
        opened = Turn.objects.filter(sweep=sweep, number=number).first()
        if opened is None and not groups:
            return None
    turn, _ = Turn.objects.get_or_create(
        sweep=sweep, number=number,
        defaults={"zh": zh, "en": en, "opens_at": opens, "closes_at": min(closes, sweep.until_at), "at": at},
    )  # fmt: skip
    if groups:
        with in_sets(), connection.cursor() as cursor:
            roll_up(cursor, sweep.id, number, begun_on(sweep))
            if opened is not None:
                cursor.execute(_UNCUT, [sweep.id, number, list(groups)])
    turn.refresh_from_db()
    return turn


def roll_up(cursor: Any, sweep_id: UUID, turn: int, on: date) -> None:
    """The roll-up of a turn from its pieces, anew."""
    given = {"sweep": sweep_id, "turn": turn, "on": on}
    cursor.execute(_COUNT, given)
    cursor.execute(_COVER, given)


def open_due(at: datetime) -> int:
    """Open every turn whose slot has begun, of all sweeps under way; how many sweeps have one open now."""
    found = 0
    for sweep in Sweep.objects.filter(state=ISSUED, until_at__gt=at):
        if packs.cadence(sweep.cadence).slots:
            with transaction.atomic():
                found += open_turn(sweep, at) is not None
        else:
            found += 1
    return found


def current(sweep_ids: Sequence[UUID], at: datetime) -> dict[UUID, Turn]:
    """The turn of each sweep that is open now, or the last one that was."""
    rows = Turn.objects.filter(sweep_id__in=sweep_ids, opens_at__lte=at).order_by("sweep_id", "number")
    return {row.sweep_id: row for row in rows}
