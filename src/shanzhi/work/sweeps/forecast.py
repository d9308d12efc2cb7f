"""When a sweep will be done (预计完成), with the people who are there and with more of them.

Expected seconds of every door that remains, one after another on each list: `core.planning.reinforce`, whose
arithmetic needs no simulation. More people go one by one to the list that would end last.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from django.db import connection
from numpy.typing import NDArray

from shanzhi.base.rows import in_sets
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.sweeps import packs
from shanzhi.work.sweeps.models import Sweep, Turn

MOST_PEOPLE = 100_000


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long doors take, in seconds; see the pack."""

    door_median: float
    door_sigma: float
    walk: float
    shut: float
    away: float
    refuses: float
    helps: float
    help_median: float
    revisits: int
    done_share: float
    help_after: float


def pace() -> Pace:
    """What the pack says."""
    return msgspec.convert(packs.pack("pace.yaml")["pace"], Pace)


@dataclass(frozen=True)
class Forecast:
    """`done_at` with the `people` who are there, `then_at` with `more`; None: never. `door_seconds` with the walk."""

    people: int
    doors: int
    share: float
    door_seconds: float
    done_at: datetime | None
    more: int
    then_at: datetime | None


class ForecastOut(msgspec.Struct):
    """When so large a `share` of the doors will be done, with who is there and with `more`; null: never."""

    people: int
    doors: int
    share: float
    door_seconds: int
    done_at: datetime | None
    more: int
    then_at: datetime | None
    until_at: datetime


# What remains of a piece is shared out as its doors were.
_LISTS = """
SELECT s.account_id, sum(cardinality(s.doors)::float8 / p.doors
  * greatest(p.doors - p.visited - p.refused - p.vacant - p.help - p.wrong, 0))
FROM sweeps_share s
JOIN sweeps_turnpiece p ON p.area = s.area AND p.piece_id = s.piece_id AND p.turn = s.turn
WHERE s.sweep_id = %(sweep)s AND s.turn = %(turn)s AND p.doors > 0 AND {inside}
GROUP BY s.account_id ORDER BY s.account_id
"""
_LEFT = """
SELECT coalesce(sum(greatest(p.doors - p.visited - p.refused - p.vacant - p.help - p.wrong, 0)), 0)
FROM sweeps_turnpiece p WHERE p.sweep_id = %(sweep)s AND p.turn = %(turn)s AND {inside}
"""


def forecast(sweep: Sweep, turn: Turn, scope: list[UUID] | None, more: int, at: datetime) -> Forecast:
    """Compute it for the part in sight. Raises InvalidInput naming `more`."""
    # It brings the planner's libraries along, which no other request needs.
    from shanzhi.core.planning import Crew, DoorKinds, Doors, reinforce
    from shanzhi.core.planning.reinforce import expected_seconds

    if not 0 <= more <= MOST_PEOPLE:
        raise InvalidInput(
            field="more",
            reason_zh=f"增加的人数应在 0 至 {MOST_PEOPLE} 之间。",
            reason_en=f"0 to {MOST_PEOPLE} people.",
        )
    given = pace()
    kinds = DoorKinds(
        median=given.door_median, sigma=given.door_sigma, shut_seconds=given.shut, away=given.away,
        refuses=given.refuses, helps=given.helps, help_median=given.help_median,
    )  # fmt: skip
    loads, left = _remaining(sweep, turn, scope)
    spare = left - int(loads.sum())
    # Doors on nobody's list wait for people who are sent: a list of its own that nobody has begun.
    counts = np.concatenate([loads, [spare]]) if spare > 0 else loads
    starts = np.zeros(len(counts))
    if spare > 0:
        starts[-1] = np.inf
    one = Doors(np.array([0, 1]), walk=given.walk)
    seconds = float(expected_seconds(one, kinds, revisits=given.revisits)[0])
    lists = Doors(np.concatenate([[0], np.cumsum(counts)]), walk=given.walk)
    begun = max(at, turn.opens_at)

    def when(indptr: NDArray[np.int64], start: NDArray[np.float64]) -> datetime | None:
        second = _done_second(np.diff(indptr), start, seconds, given.done_share)
        return begun + timedelta(seconds=second) if np.isfinite(second) else None

    then: Any = None
    if more:
        found = reinforce(
            lists, kinds, Crew(starts), extra=more, start_seconds=given.help_after, revisits=given.revisits
        )
        then = when(np.asarray(found.doors.indptr), np.asarray(found.crew.start))
    return Forecast(
        len(loads), left, given.done_share, seconds, when(np.asarray(lists.indptr), starts), more, then
    )


def _remaining(sweep: Sweep, turn: Turn, scope: list[UUID] | None) -> tuple[NDArray[np.int64], int]:
    inside, params = "TRUE", {"sweep": sweep.id, "turn": turn.number}
    if scope is not None:
        below = places.BELOW_SQL.replace("%s", "%({})s").format("tops", "on", "on")
        inside = f"p.place_id IN ({below})"
        params |= {"tops": scope, "on": turn.opens_at.date()}
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(_LISTS.format(inside=inside), params)
        loads = np.array([round(row[1]) for row in cursor.fetchall()], np.int64)
        cursor.execute(_LEFT.format(inside=inside), params)
        row = cursor.fetchone()
    return loads, int(row[0]) if row else 0


def _done_second(
    counts: NDArray[np.int64], starts: NDArray[np.float64], seconds: float, share: float
) -> float:
    """The second at which `share` of all doors are done, each list going at its own time."""
    total = int(counts.sum())
    if not total:
        return 0.0
    first = np.repeat(np.cumsum(counts) - counts, counts)
    ends = np.repeat(starts, counts) + (np.arange(total) - first + 1) * seconds
    needed = int(np.ceil(share * total - 1e-9))
    return float(np.partition(ends, needed - 1)[needed - 1])
