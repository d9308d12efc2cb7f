"""More people for a sweep (增援测算): the longest lists are split, and the same doors are visited again.

Loads are expected seconds (all attempts, no queues). One by one each extra person goes to the list that would finish
last, for as long as that helps: for lists that may be divided at will no other way finishes earlier. A list stays
one walk, cut into pieces that should finish at the same second.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

import numpy as np
from numpy.typing import NDArray

from shanzhi.core.planning.columns import numbers, whole
from shanzhi.core.planning.visits import (
    Crew,
    DoorKinds,
    Doors,
    Queues,
    Visits,
    checked_doors,
    simulate_visits,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reinforced:
    """Doors and crew with extra people. `list_of` (v,) is the worker whose list each of the v workers now shares.

    The doors keep their numbers. The first of each list is the worker who had it; the others are new.
    """

    doors: Doors
    crew: Crew
    list_of: Ints


@dataclass(frozen=True)
class Comparison:
    """The same doors by two staffings: `before`, and `after` with the extra people of `reinforced`."""

    before: Visits
    after: Visits
    reinforced: Reinforced


def expected_seconds(
    doors: Doors, kinds: DoorKinds, *, queues: Queues | None = None, revisits: int = 2
) -> Floats:
    """The seconds that each door (d,) is expected to take with all its attempts, without waits."""
    _, walk, kind, _, table, _, _ = checked_doors(doors, kinds, queues)
    median, sigma, shut, away, refuses, helps, help_median, help_sigma = table.T
    once = (
        (away + refuses) * shut
        + np.maximum(1 - away - refuses, 0) * median * np.exp(sigma**2 / 2)
        + helps * help_median * np.exp(help_sigma**2 / 2)
    )
    times = np.sum([away**k for k in range(revisits + 1)], axis=0)
    return (walk + once[kind]) * times[kind]


def reinforce(
    doors: Doors,
    kinds: DoorKinds,
    crew: Crew,
    *,
    extra: int,
    start_seconds: float,
    queues: Queues | None = None,
    revisits: int = 2,
) -> Reinforced:
    """Split the longest lists among `extra` people who begin at `start_seconds` (增援分配).

    Who never starts needs help first. Fewer than `extra` are used where nobody can help. New workers have the help
    desk of the list's worker and hand over to that one. Raises ValueError naming the argument.
    """
    if not 0 <= extra <= 10_000_000:
        raise ValueError("extra must be between 0 and 10,000,000")
    if not 0 <= start_seconds <= 1e9:
        raise ValueError("start_seconds must be between 0 and 1,000,000,000")
    indptr = checked_doors(doors, kinds, queues)[0]
    w = len(indptr) - 1
    begins = numbers("start", crew.start, (w,))
    sums = np.r_[0.0, np.cumsum(expected_seconds(doors, kinds, queues=queues, revisits=revisits))]
    load, many = np.diff(sums[indptr]), np.diff(indptr)
    added = _shared(load, many, begins, extra, start_seconds)
    list_of = np.repeat(np.arange(w), added + 1)
    first = np.r_[0, np.cumsum(added + 1)][:-1]
    cuts = np.empty(len(list_of) + 1, np.int64)
    cuts[first], cuts[-1] = indptr[:-1], indptr[-1]
    for i in np.flatnonzero(added).tolist():
        k = int(added[i])
        end = _finish(load[i], begins[i], k, start_seconds)
        # A door goes to the piece in which its middle lies.
        marks = sums[indptr[i]] + max(end - begins[i], 0.0) + np.arange(k) * (end - start_seconds)
        middle = (sums[indptr[i] : indptr[i + 1]] + sums[indptr[i] + 1 : indptr[i + 1] + 1]) / 2
        cuts[first[i] + 1 : first[i] + 1 + k] = indptr[i] + np.searchsorted(middle, marks)
    new = np.ones(len(list_of), np.bool_)
    new[first] = False
    handed_to = whole("handed_to", crew.handed_to, (w,), -1, w - 1)
    moved = np.where(handed_to >= 0, first[handed_to], -1)
    return Reinforced(
        Doors(cuts, doors.walk, doors.kind, doors.queue),
        Crew(
            np.where(new, start_seconds, begins[list_of]),
            np.where(new, np.inf, numbers("falls_out", crew.falls_out, (w,))[list_of]),
            np.where(new, first[list_of], moved[list_of]),
            whole("desk", crew.desk, (w,), -1)[list_of],
        ),
        list_of,
    )


def _finish(load: float, begin: float, extra: int, start: float) -> float:
    """When a list is done by its worker and `extra` others, if the doors could be cut anywhere."""
    if not load:
        return 0.0
    together = (load + begin + extra * start) / (extra + 1)
    # Who begins when the others are done already is not waited for.
    return together if begin <= together < np.inf or not extra else load / extra + start


def _shared(load: Floats, many: Ints, begins: Floats, extra: int, start: float) -> Ints:
    """How many extra people each list gets."""
    added = np.zeros(len(load), np.int64)
    order = [(-_finish(load[i], begins[i], 0, start), i) for i in range(len(load)) if load[i] > 0]
    heapify(order)
    left = extra
    while left and order and -order[0][0] > start:
        i = order[0][1]
        if added[i] + (1 if np.isfinite(begins[i]) else 0) >= many[i]:
            heappop(order)
            continue
        added[i] += 1
        left -= 1
        heapreplace(order, (-_finish(load[i], begins[i], int(added[i]), start), i))
    return added


def compare(
    doors: Doors,
    kinds: DoorKinds,
    crew: Crew,
    *,
    extra: int,
    start_seconds: float,
    seed: int,
    queues: Queues | None = None,
    revisits: int = 2,
    revisit_seconds: float = 3600.0,
) -> Comparison:
    """The sweep as staffed, and with `extra` people from `start_seconds` (两种人力对比).

    "With these people the doors are done by `before.finish_second(share)`; with more, by `after…`."
    Raises ValueError naming the argument.
    """
    more = reinforce(
        doors, kinds, crew, extra=extra, start_seconds=start_seconds, queues=queues, revisits=revisits
    )
    before, after = (
        simulate_visits(
            a, kinds, b, seed=seed, queues=queues, revisits=revisits, revisit_seconds=revisit_seconds
        )
        for a, b in ((doors, crew), (more.doors, more.crew))
    )
    return Comparison(before, after, more)
