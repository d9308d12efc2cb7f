"""Visits of a sweep (敲门行动模拟): from door to door, with revisits, queues and people who fall out.

A worker begins at a given second and takes the doors of a list in their order: the walk, a wait where a queue stands
before the door (a lift, a gate), then the door. Nobody home: the door goes to the end of the list and is visited
again when `revisit_seconds` have passed, up to `revisits` times; a worker who has nothing else waits for it. Refused
and nobody home take the kind's `shut_seconds`; a door that needs help takes the help's seconds on top, which at a
help desk (queue) have to be waited for. Queues have servers and take who comes first. Whoever falls out begins no
further door; what is left goes to the end of the list of the one named, at once, or of the next named by that one if
it has fallen out too. Seconds count from the issue of the order; the simulation has no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shanzhi.core.planning.columns import MOST, checked_seed, counted, numbers, whole
from shanzhi.core.planning.reach import Audience, Channel, Reach, Rung
from shanzhi.core.planning.rounds import walk_rounds

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Outcome(IntEnum):
    """What became of a door (走访结果); each has exactly one. `left`: nobody came."""

    left = 0
    visited = 1
    helped = 2
    refused = 3
    away = 4


OUTCOMES = {
    Outcome.left: ("未走访", "not visited"),
    Outcome.visited: ("已访", "visited"),
    Outcome.helped: ("需协助", "needed help"),
    Outcome.refused: ("拒访", "refused"),
    Outcome.away: ("家中无人", "nobody home"),
}


@dataclass(frozen=True)
class DoorKinds:
    """Kinds of doors (k,), each given as (k,) or as one number.

    `median` (seconds) and `sigma` of the lognormal time at a door that opens; `shut_seconds` at one that does not.
    `away`, `refuses` and `helps` are the probabilities, at each attempt, of nobody home, refused and in need of help
    (the rest is visited); `help_median` (seconds) and `help_sigma` of the lognormal time that help takes.
    """

    median: ArrayLike
    sigma: ArrayLike = 0.0
    shut_seconds: ArrayLike = 30.0
    away: ArrayLike = 0.0
    refuses: ArrayLike = 0.0
    helps: ArrayLike = 0.0
    help_median: ArrayLike = 300.0
    help_sigma: ArrayLike = 0.0


@dataclass(frozen=True)
class Doors:
    """The doors (d,) of w workers in their order: worker i has `indptr[i]` to `indptr[i + 1]` of `indptr` (w + 1,).

    `walk` (d,) the seconds to each from the one before, taken at every attempt; `kind` (d,) its place in `DoorKinds`;
    `queue` (d,) its place in `Queues` if there is a wait before it, or -1. One number stands for all.
    """

    indptr: ArrayLike
    walk: ArrayLike
    kind: ArrayLike = 0
    queue: ArrayLike = -1


@dataclass(frozen=True)
class Crew:
    """The workers (w,): `start` the second each begins (acknowledged and arrived), inf for never.

    `falls_out` the second from which no further door is begun, inf for never; `handed_to` the worker who gets what
    is left, or -1; `desk` the place in `Queues` of the help desk that serves the help each meets, or -1 (no wait).
    """

    start: ArrayLike
    falls_out: ArrayLike = np.inf
    handed_to: ArrayLike = -1
    desk: ArrayLike = -1


@dataclass(frozen=True)
class Queues:
    """Shared resources (q,) such as lifts and help desks (排队): how many `servers` each has.

    `median` (seconds) and `sigma` of the lognormal time that a server is held at a door; a help desk is held as long
    as the help takes.
    """

    servers: ArrayLike
    median: ArrayLike = 60.0
    sigma: ArrayLike = 0.0


@dataclass(frozen=True)
class Coverage:
    """The coverage curve (覆盖率曲线): at `seconds` (m,) how many doors are `done` (m,), of them not `away` (m,)."""

    seconds: Floats
    done: Ints
    answered: Ints


@dataclass(frozen=True)
class Visits:
    """What became of the doors. Seconds since issue.

    Per door (d,): `finished`, the end of the last attempt (inf if left), `outcome`, an `Outcome`, `attempts`, and
    `visited_by`, who made the last attempt (-1 if none). Per worker (w,): `worker_finished`, the end of the last
    attempt (the start if there was none, inf for who never starts), and `waited`, the seconds in queues.
    """

    finished: Floats
    outcome: NDArray[np.int8]
    attempts: NDArray[np.int8]
    visited_by: NDArray[np.int32]
    worker_finished: Floats
    waited: Floats

    def finish_second(self, share: float = 1.0) -> float:
        """The second by which `share` of the doors (0 to 1) are done; inf if that never comes."""
        if not 0 <= share <= 1:
            raise ValueError("share must be between 0 and 1")
        needed = int(np.ceil(share * len(self.finished) - 1e-9))
        return float(np.partition(self.finished, needed - 1)[needed - 1]) if needed else 0.0

    def coverage(self, until: float, step: float = 60.0) -> Coverage:
        """The curve at 0, `step` … `until` seconds. Raises ValueError naming the argument."""
        if not 0 < step < np.inf:
            raise ValueError("step must be positive seconds")
        if not 0 <= until < np.inf:
            raise ValueError("until must be seconds, not negative")
        points = int(until / step + 1e-9) + 1
        answered = self.finished[self.outcome != Outcome.away]
        return Coverage(
            np.arange(points, dtype=np.float64) * step,
            counted(self.finished, step, points),
            counted(answered, step, points),
        )


def simulate_visits(
    doors: Doors,
    kinds: DoorKinds,
    crew: Crew,
    *,
    seed: int,
    queues: Queues | None = None,
    revisits: int = 2,
    revisit_seconds: float = 3600.0,
) -> Visits:
    """Let a crew visit its doors (模拟走访). Same seed, same answer. Raises ValueError naming the argument.

    What happens at a door is drawn by door and attempt, so another staffing meets the same. Workers who share a
    queue or hand over to each other are simulated together in the order of time (equal seconds: by worker).
    """
    indptr, walk, kind, queue, table, servers, holds = checked_doors(doors, kinds, queues)
    w, d, q = len(indptr) - 1, len(walk), len(servers)
    start = numbers("start", crew.start, (w,))
    falls_out = numbers("falls_out", crew.falls_out, (w,))
    handed_to = whole("handed_to", crew.handed_to, (w,), -1, w - 1)
    desk = whole("desk", crew.desk, (w,), -1, q - 1)
    if not 0 <= revisits <= 100:
        raise ValueError("revisits must be between 0 and 100")
    if not 0 <= revisit_seconds <= 1e9:
        raise ValueError("revisit_seconds must be between 0 and 1,000,000,000")
    found = Visits(
        np.full(d, np.inf), np.zeros(d, np.int8), np.zeros(d, np.int8), np.full(d, -1, np.int32), start.copy(),
        np.zeros(w),
    )  # fmt: skip
    walk_rounds(
        indptr, walk, kind, queue, table, start, falls_out, handed_to, desk, servers, holds, revisits,
        float(revisit_seconds), checked_seed(seed), found.finished, found.outcome, found.attempts, found.visited_by,
        found.worker_finished, found.waited,
    )  # fmt: skip
    return found


def checked_doors(
    doors: Doors, kinds: DoorKinds, queues: Queues | None
) -> tuple[
    Ints, Floats, NDArray[np.int32], NDArray[np.int32], Floats, NDArray[np.int32], tuple[Floats, Floats]
]:
    """The columns of doors, the table of kinds (k, 8), and servers, medians and sigmas of the queues."""
    indptr = np.asarray(doors.indptr)
    if indptr.ndim != 1 or not indptr.size or indptr.dtype.kind not in "iu":
        raise ValueError("indptr must be whole numbers, one more than workers")
    indptr = indptr.astype(np.int64)
    d = int(indptr[-1])
    if indptr[0] != 0 or (np.diff(indptr) < 0).any() or d > MOST:
        raise ValueError("indptr must begin at 0 and not descend")
    given_kinds = [np.asarray(getattr(kinds, field.name)) for field in fields(kinds)]
    k = next((column.size for column in given_kinds if column.ndim), 1)
    columns = [numbers("median", kinds.median, (k,), 0, 1e9), numbers("sigma", kinds.sigma, (k,), 0, 10)]
    columns.append(numbers("shut_seconds", kinds.shut_seconds, (k,), 0, 1e9))
    for name in ("away", "refuses", "helps"):
        columns.append(numbers(name, getattr(kinds, name), (k,), 0, 1))
    if k and (columns[3] + columns[4] + columns[5]).max() > 1 + 1e-12:
        raise ValueError("away, refuses and helps must not be more than 1 together")
    columns.append(numbers("help_median", kinds.help_median, (k,), 0, 1e9))
    columns.append(numbers("help_sigma", kinds.help_sigma, (k,), 0, 10))
    q = 0 if queues is None else np.asarray(queues.servers).size
    given = Queues([]) if queues is None else queues
    servers = whole("servers", given.servers, (q,), 1, 1_000_000)
    holds = (
        numbers("queue median", given.median, (q,), 0, 1e9),
        numbers("queue sigma", given.sigma, (q,), 0, 10),
    )
    return (
        indptr, numbers("walk", doors.walk, (d,), 0, 1e9), whole("kind", doors.kind, (d,), 0, k - 1),
        whole("queue", doors.queue, (d,), -1, q - 1), np.stack(columns, axis=1), servers, holds,
    )  # fmt: skip


def crew_after(
    reach: Reach,
    audience: Audience,
    ladder: Sequence[Rung],
    travel: ArrayLike,
    *,
    give_up_seconds: float,
    neighbour: ArrayLike = -1,
    desk: ArrayLike = -1,
) -> Crew:
    """The crew that an order brings to the doors (到岗): who acknowledged starts after `travel` (n,) seconds.

    For whom a deputy or upper grid answered, that one takes over the doors at the second of the answer. Who has not
    acknowledged by `give_up_seconds` is given up then: the doors go to `neighbour` (n,), or stay if it is -1.
    """
    n = len(reach.acknowledged)
    way = numbers("travel", travel, (n,), 0, 1e9)
    next_to = whole("neighbour", neighbour, (n,), -1, n - 1)
    if not 0 <= give_up_seconds <= 1e9:
        raise ValueError("give_up_seconds must be between 0 and 1,000,000,000")
    if len(ladder) != reach.sent.shape[1]:
        raise ValueError("ladder must be the one of the reach")
    in_time = reach.acknowledged <= give_up_seconds
    channel = np.array([*(int(rung.channel) for rung in ladder), 0])[reach.acknowledged_by]
    mine = in_time & (channel < Channel.deputy)
    start = np.where(mine, reach.acknowledged + way, np.inf)
    falls_out = np.where(mine, np.inf, np.where(in_time, reach.acknowledged, give_up_seconds))
    handed_to = np.select(
        [mine, in_time & (channel == Channel.deputy), in_time & (channel == Channel.upper_grid)],
        [-1, np.broadcast_to(audience.deputy, (n,)), np.broadcast_to(audience.upper_grid, (n,))],
        next_to,
    )
    return Crew(start, falls_out, handed_to, desk)
