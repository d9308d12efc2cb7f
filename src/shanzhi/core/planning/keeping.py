"""Keep a partition that is in force (保持稳定): mend what broke, leave the rest, keep the numbers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shanzhi.core.planning.city import City, Ints
from shanzhi.core.planning.counting import count_pieces
from shanzhi.core.planning.mending import Rules, around, broken_parts, light_nodes, mend, mend_broken

MOVE_PRICE = 64


def read_previous(previous: ArrayLike, count: int) -> NDArray[np.int64]:
    """Check the labels in force. Raises ValueError naming `previous`."""
    labels = np.asarray(previous)
    if labels.shape != (count,) or (count and labels.dtype.kind not in "iu"):
        raise ValueError(f"previous must be {count} whole numbers")
    if count and labels.min() < -1:
        raise ValueError("previous must be labels of at least 0, or -1 for a new node")
    return labels.astype(np.int64)


def keep(
    city: City, before: NDArray[np.int64], rules: Rules, stability: float
) -> tuple[Ints, int, NDArray[np.bool_]]:
    """The partition in force with its broken parts mended."""
    first, second = before[city.a], before[city.b]
    # New nodes begin as parts of their own, whole within a compound.
    same = (first == second) & ((first >= 0) | (city.kind < 3))
    label, count = city.sets(np.flatnonzero(same))
    _, home = np.unique(before, return_inverse=True)
    home = home.reshape(city.count) - int((before < 0).any())
    light = light_nodes(city, rules.low)
    price = min(round(MOVE_PRICE * stability), 1 << 12)
    # The last turns ask less for a move: a broken part is worse.
    for turn, (rings, asked) in enumerate(((1, price), (1, price), (2, price // 8), (2, 1))):
        broken = broken_parts(city, label, count, rules)
        broken |= needless(city, label, count, rules)
        if not broken.any():
            break
        cluster = around(city, label, count, broken, rings)
        label, count = mend(
            city, label, count, cluster, rules, rounds=40, light=light, seed=61 + turn, patience=12,
            home=home, move_price=max(asked, 1),
        )  # fmt: skip
    return mend_broken(city, label, count, rules)


def needless(city: City, label: Ints, count: int, rules: Rules) -> NDArray[np.bool_]:
    """Parts that mix compounds none of which is too small."""
    whole = np.bincount(city.ids[2], city.households)
    small = (whole < rules.low)[city.ids[2]]
    if count_pieces(label, count, city.ids, small)[1] == 0:
        return np.zeros(count, np.bool_)
    lowest, highest = np.full(count, 1 << 30), np.full(count, -1)
    np.minimum.at(lowest, label, city.ids[2])
    np.maximum.at(highest, label, city.ids[2])
    found: NDArray[np.bool_] = (lowest != highest) & (np.bincount(label, small, count) == 0)
    return found


def numbers_kept(city: City, label: Ints, count: int, before: NDArray[np.int64]) -> tuple[NDArray[Any], int]:
    """The number of each part (k,) and how many households changed theirs.

    A part takes the number that most of its households had, the largest overlap first; each number is given
    once. The others get new numbers above all old ones.
    """
    known, old = np.unique(before, return_inverse=True)
    pairs, at = np.unique(label.astype(np.int64) * len(known) + old.reshape(len(label)), return_inverse=True)
    overlap = np.bincount(at.reshape(len(label)), city.households)
    part, number = pairs // len(known), known[pairs % len(known)]
    numbers = np.full(count, -1, np.int64)
    taken: set[int] = set()
    for pair in np.lexsort((number, part, -overlap)).tolist():
        p, kept = int(part[pair]), int(number[pair])
        if kept >= 0 and numbers[p] < 0 and kept not in taken:
            numbers[p] = kept
            taken.add(kept)
    fresh = np.flatnonzero(numbers < 0)
    numbers[fresh] = int(known[-1]) + 1 + np.arange(len(fresh))
    return numbers, int(city.households[(before >= 0) & (numbers[label] != before)].sum())
