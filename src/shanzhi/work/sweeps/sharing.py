"""Work lists (派单): who goes to which doors of a turn, in which order; balanced, and anew when people change.

The doors of a group (the micro-grids of one grid, else of one community) are walked along a short path
(`core.planning.doors`); whoever may visit them cuts that path into equal stretches, in the order of their own
micro-grids. People whose post stands higher go to the group below them with most doors a head. A group without people
has no lists: its doors are shown as nobody's. Doors that are settled are on no list; priority doors come first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access.capabilities import SWEEP_VISIT
from shanzhi.core.geometry.project import Metres
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.planning.doors import order_doors
from shanzhi.work.sweeps import packs
from shanzhi.work.sweeps.flow import NOT_DUE
from shanzhi.work.sweeps.models import Sweep, Turn

LOCK = 0x73776C69  # "swli"
GROUPS_AT_ONCE = 2000

_ON = "{t}.from_on <= %(on)s AND ({t}.to_on IS NULL OR {t}.to_on > %(on)s)"
# Everybody once, by their deepest post; with the group of that post, if it lies in one.
_PEOPLE = f"""
SELECT DISTINCT ON (p.account_id) p.account_id, p.place_id, g.group_id
FROM people_post p
JOIN people_postkind k ON k.code = p.kind_id AND k.capabilities @> ARRAY['{SWEEP_VISIT}']::varchar[]
JOIN people_account a ON a.id = p.account_id AND a.is_active
JOIN places_place l ON l.id = p.place_id
LEFT JOIN LATERAL (
  SELECT u.ancestor_id AS group_id FROM places_placeclosure u
  JOIN places_place n ON n.id = u.ancestor_id AND n.level IN ('grid', 'community')
  WHERE u.descendant_id = p.place_id AND {_ON.format(t="u")} ORDER BY u.depth LIMIT 1
) g ON TRUE
WHERE {_ON.format(t="p")} AND p.place_id IN (
    SELECT b.descendant_id FROM places_placeclosure b WHERE b.ancestor_id = ANY(%(places)s) AND {_ON.format(t="b")}
    UNION
    SELECT b.ancestor_id FROM places_placeclosure b JOIN places_place m ON m.id = b.ancestor_id
    WHERE b.descendant_id = ANY(%(places)s) AND m.level IN ('grid', 'community') AND {_ON.format(t="b")})
  AND NOT EXISTS (SELECT 1 FROM sweeps_away w WHERE w.account_id = p.account_id AND w.from_at <= %(at)s
    AND (w.to_at IS NULL OR w.to_at > %(at)s))
ORDER BY p.account_id, length(l.code) DESC, p.id
"""
_LOADS = """
SELECT t.group_id, sum(t.doors - ({settled}))::int FROM sweeps_turnpiece t
WHERE t.sweep_id = %(sweep)s AND t.turn = %(turn)s GROUP BY t.group_id
"""
_BELOW = f"""
SELECT k.ancestor_id, k.descendant_id FROM places_placeclosure k
WHERE k.ancestor_id = ANY(%(above)s) AND k.descendant_id = ANY(%(groups)s) AND {_ON.format(t="k")}
"""
_PIECES = """
SELECT t.group_id, t.area, t.piece_id, t.place_id, t.states, p.units, p.kinds, p.counts, p.priority
FROM sweeps_turnpiece t JOIN sweeps_piece p ON p.area = t.area AND p.id = t.piece_id
WHERE t.sweep_id = %(sweep)s AND t.turn = %(turn)s AND t.group_id = ANY(%(groups)s)
ORDER BY t.group_id, t.place_id, t.piece_id
"""
_UNITS = """
SELECT f.id, b.id, f.stairwell, f.floor, coalesce(b.lon, c.lon), coalesce(b.lat, c.lat)
FROM compounds_floor f JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
WHERE f.area = ANY(%(areas)s) AND f.id = ANY(%(units)s)
UNION ALL
SELECT c.id, c.id, '', 0, c.lon, c.lat FROM compounds_compound c
WHERE c.area = ANY(%(areas)s) AND c.id = ANY(%(units)s)
"""


@dataclass
class _Group:
    """A group that is cut: its people with their places, and its pieces."""

    people: list[tuple[UUID, UUID]] = field(default_factory=list)
    doors: int = 0


def share(sweep: Sweep, turn: Turn, at: datetime, *, anew: bool = False) -> int:
    """Bring the lists of a turn up to date (派单); how many groups were cut anew.

    Only groups whose people are others than when they were cut last; with `anew` all of them.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        on = localdate(at)
        cursor.execute(
            "SELECT group_id, people FROM sweeps_crew WHERE sweep_id = %s AND turn = %s",
            [sweep.id, turn.number],
        )
        known = {row[0]: row[1] for row in cursor.fetchall()}
        groups = _groups(cursor, sweep, turn, on, at, known)
        dirty = [
            one
            for one, group in groups.items()
            if anew or known.get(one) != sorted(account for account, _ in group.people)
        ]
        for first in range(0, len(dirty), GROUPS_AT_ONCE):
            _cut(cursor, sweep, turn, {one: groups[one] for one in dirty[first : first + GROUPS_AT_ONCE]}, at)
        return len(dirty)


def _groups(
    cursor: Any, sweep: Sweep, turn: Turn, on: date, at: datetime, known: dict[UUID, list[UUID]]
) -> dict[UUID, _Group]:
    """Every group with doors in the turn, and its people: those whose post lies in it, then those who are sent.

    Who was sent somewhere stays as long as there are doors.
    """
    from shanzhi.work.sweeps.folding import settled_names

    given = {"sweep": sweep.id, "turn": turn.number, "on": on, "at": at, "places": sweep.place_ids}
    settled = " + ".join(f"t.{one}" for one in settled_names())
    cursor.execute(_LOADS.format(settled=settled), given)
    groups = {row[0]: _Group(doors=row[1]) for row in cursor.fetchall()}
    cursor.execute(_PEOPLE, given)
    sent: dict[UUID, list[UUID]] = {}
    for account, place, group in cursor.fetchall():
        if group in groups:
            groups[group].people.append((account, place))
        else:
            sent.setdefault(place, []).append(account)
    if sent:
        cursor.execute(_BELOW, given | {"above": list(sent), "groups": list(groups)})
        below: dict[UUID, list[UUID]] = {}
        for above, group in cursor.fetchall():
            below.setdefault(above, []).append(group)
        before = {account: group for group, accounts in known.items() for account in accounts}
        # Those with the least choice first.
        for place in sorted(sent, key=lambda one: (len(below.get(one, ())), str(one))):
            for account in sorted(sent[place]):
                open_ones = [one for one in below.get(place, ()) if groups[one].doors]
                if open_ones and before.get(account) in open_ones:
                    groups[before[account]].people.append((account, place))
                elif open_ones:
                    most = max(
                        open_ones,
                        key=lambda one: (groups[one].doors / (len(groups[one].people) + 1), str(one)),
                    )
                    groups[most].people.append((account, place))
    return groups


def _cut(cursor: Any, sweep: Sweep, turn: Turn, groups: dict[UUID, _Group], at: datetime) -> None:
    given = {"sweep": sweep.id, "turn": turn.number, "groups": list(groups)}
    cursor.execute(_PIECES, given)
    pieces = cursor.fetchall()
    paths = _paths(cursor, pieces)
    rule, rows, crews = packs.rule(), [], []
    settles = bytes(sorted({*rule.settles, NOT_DUE}))
    by_group: dict[UUID, list[tuple[int, int]]] = {}
    for piece, door in paths:
        group, states = pieces[piece][0], pieces[piece][4]
        if states[door] not in settles:
            by_group.setdefault(group, []).append((piece, door))
    priority = [set(piece[8]) for piece in pieces]
    for group_id, group in groups.items():
        path = by_group.get(group_id, [])
        people = sorted(group.people, key=lambda one: str(one[0]))
        cuts = [
            path[len(path) * nth // len(people) : len(path) * (nth + 1) // len(people)]
            for nth in range(len(people))
        ]
        for account, mine in _given(people, cuts, pieces):
            first = [one for one in mine if one[1] in priority[one[0]]]
            rest = [one for one in mine if one[1] not in priority[one[0]]]
            for position, (piece, doors) in enumerate(_runs([*first, *rest])):
                rows.append(
                    (uuid7(), pieces[piece][1], pieces[piece][2], sweep.id, turn.number, account, group_id, position,
                     doors)
                )  # fmt: skip
        crews.append((group_id, sorted(account for account, _ in people), len(path)))
    key = [sweep.id, turn.number, list(groups)]
    cursor.execute("DELETE FROM sweeps_share WHERE sweep_id = %s AND turn = %s AND group_id = ANY(%s)", key)
    cursor.execute("DELETE FROM sweeps_crew WHERE sweep_id = %s AND turn = %s AND group_id = ANY(%s)", key)
    with cursor.copy(
        "COPY sweeps_share (id, area, piece_id, sweep_id, turn, account_id, group_id, position, doors) FROM STDIN"
    ) as copy:
        for row in rows:
            copy.write_row(row)
    with cursor.copy("COPY sweeps_crew (sweep_id, turn, group_id, people, doors, at) FROM STDIN") as copy:
        for group_id, accounts, doors in crews:
            copy.write_row((sweep.id, turn.number, group_id, accounts, doors, at))


def _given(
    people: Sequence[tuple[UUID, UUID]],
    cuts: Sequence[list[tuple[int, int]]],
    pieces: Sequence[tuple[Any, ...]],
) -> Iterable[tuple[UUID, list[tuple[int, int]]]]:
    """Each of the people with a stretch of the path: one that lies in their own micro-grid, where there is one."""
    waiting = list(people)
    left = []
    for cut in cuts:
        place = pieces[cut[len(cut) // 2][0]][3] if cut else None
        own = next((one for one in waiting if one[1] == place), None)
        if own is None:
            left.append(cut)
            continue
        waiting.remove(own)
        yield own[0], cut
    for (account, _), cut in zip(waiting, left, strict=True):
        yield account, cut


def _runs(doors: Sequence[tuple[int, int]]) -> Iterable[tuple[int, list[int]]]:
    """Doors that follow each other in one piece, together."""
    run: list[int] = []
    last = -1
    for piece, door in doors:
        if piece != last and run:
            yield last, run
            run = []
        last = piece
        run.append(door)
    if run:
        yield last, run


def _paths(cursor: Any, pieces: Sequence[tuple[Any, ...]]) -> Iterable[tuple[int, int]]:
    """(piece, door) in the order of walking, group by group."""
    units = {unit for piece in pieces for unit in piece[5]}
    if not units:
        return []
    cursor.execute(_UNITS, {"areas": list({piece[1] for piece in pieces}), "units": list(units)})
    known = {row[0]: row[1:] for row in cursor.fetchall()}
    stairs: dict[tuple[Any, str], int] = {}
    labels: dict[UUID, int] = {}
    node: list[tuple[int, int, int, int, int]] = []  # piece, first door, count, stairwell, storey
    spots: list[tuple[float, float]] = []
    group: list[int] = []
    for n, piece in enumerate(pieces):
        label = labels.setdefault(piece[0], len(labels))
        door = 0
        for unit, count in zip(piece[5], piece[7], strict=True):
            building, stairwell, storey, lon, lat = known.get(unit, (unit, "", 0, None, None))
            stair = stairs.setdefault((building, stairwell), len(stairs))
            node.append((n, door, count, stair, storey))
            spots.append((np.nan if lon is None else lon, np.nan if lat is None else lat))
            group.append(label)
            door += count
    where = np.array(spots, np.float64)
    there = np.isfinite(where).all(axis=1)
    xy = np.zeros((len(node), 2))
    if there.any():
        # What has no point stands in the middle: it is visited, if not on the shortest way.
        where[~there] = where[there].mean(axis=0)
        xy = Metres.about(where[:, 0], where[:, 1]).from_degrees(where)
    columns = np.array(node, np.int64)
    rounds = order_doors(columns[:, 3], columns[:, 4], xy, columns[:, 2], group=np.array(group, np.int64))
    return (
        (node[one][0], node[one][1] + nth) for one in rounds.order.tolist() for nth in range(node[one][2])
    )


def share_all(at: datetime) -> int:
    """Bring the lists of every open turn up to date (重新均衡); how many groups were cut anew."""
    found = 0
    turns = Turn.objects.filter(sweep__state="issued", opens_at__lte=at, closes_at__gt=at).select_related(
        "sweep"
    )
    for turn in turns.order_by("sweep_id", "number"):
        found += share(turn.sweep, turn, at)
    return found
