"""Where people are too few: the grids whose needs exceed everybody who could serve them, by skills alone."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

# More kinds of skills than this, person by grid, are left to the search.
MOST = 20_000


def shortage(
    skills: NDArray[np.int64], seats: NDArray[np.int64], needed: NDArray[np.int64], posts: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """People (n,) and grids (k,) of the part where posts outnumber seats; nothing is marked when none do.

    As many posts as can be are filled only if all seats of these people go to these grids, so the part can be
    solved alone. Source: the decomposition of Dulmage and Mendelsohn, from a largest flow between kinds of people
    and kinds of grids.
    """
    asked = np.bitwise_or.reduce(needed) if len(needed) else 0
    kinds, kind = np.unique(skills & asked, return_inverse=True)
    wants, want = np.unique(needed, return_inverse=True)
    if len(kinds) * len(wants) > MOST:
        return np.zeros(len(skills), np.bool_), np.zeros(len(needed), np.bool_)
    room = np.zeros(len(kinds), np.int64)
    np.add.at(room, kind, seats)
    left = np.zeros(len(wants), np.int64)
    np.add.at(left, want, posts)
    fits = (kinds[None, :] & wants[:, None]) == wants[:, None]
    flow = np.zeros(fits.shape, np.int64)
    while True:
        via_want, via_kind = _reach(fits, flow, left)
        ends = np.flatnonzero((via_kind >= 0) & (room > 0))
        if not len(ends):
            return (via_kind >= 0)[kind], (via_want != -1)[want]
        _shift(int(ends[0]), via_want, via_kind, flow, left, room)


def _reach(fits: NDArray[np.bool_], flow: NDArray[np.int64], left: NDArray[np.int64]) -> Any:
    """Breadth first from the wants with posts left: of each want the kind, of each kind the want before it.

    -1: not reached; of a want where the search begins -2.
    """
    via_want = np.where(left > 0, -2, -1)
    via_kind = np.full(fits.shape[1], -1)
    queue = deque(np.flatnonzero(left > 0).tolist())
    while queue:
        want = queue.popleft()
        for kind in np.flatnonzero(fits[want] & (via_kind == -1)).tolist():
            via_kind[kind] = want
            back = np.flatnonzero((flow[:, kind] > 0) & (via_want == -1))
            via_want[back] = kind
            queue.extend(back.tolist())
    return via_want, via_kind


def _shift(end: int, via_want: Any, via_kind: Any, flow: Any, left: Any, room: Any) -> None:
    """Send as much as fits along the path to the kind `end`."""
    path, kind = [], end
    while True:
        want = int(via_kind[kind])
        path.append((want, kind))
        if via_want[want] == -2:
            break
        kind = int(via_want[want])
    amount = min(int(room[end]), int(left[want]))
    for ahead, behind in zip(path, path[1:], strict=False):
        amount = min(amount, int(flow[ahead[0], behind[1]]))
    for step, (to, by) in enumerate(path):
        flow[to, by] += amount
        if step + 1 < len(path):
            flow[to, path[step + 1][1]] -= amount
    room[end] -= amount
    left[want] -= amount
