"""Corrections by hand (人工调整): what a move of floors makes of one community's labels. No database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from shanzhi.city.gridding.errors import NotContiguous, OutOfBand
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.planning import Certificate

Ints = NDArray[np.int64]
MOVE, SPLIT, MERGE = "move", "split", "merge"


@dataclass(frozen=True)
class Wish:
    """What somebody wants: `floors` (indices) to a label (None: a new one), or `labels` made one."""

    kind: str
    floors: Sequence[int] = ()
    to: int | None = None
    labels: Sequence[int] = ()
    accept: str = ""


def relabelled(labels: Ints, wish: Wish) -> Ints:
    """The labels after the wish. Raises InvalidInput naming the field."""
    new = labels.copy()
    known = set(labels.tolist())
    if wish.kind == MERGE:
        if len(set(wish.labels)) < 2 or not set(wish.labels) <= known:
            raise InvalidInput(
                field="labels",
                reason_zh="请选择两个以上的微网格。",
                reason_en="Choose two or more micro-grids.",
            )
        new[np.isin(labels, list(wish.labels))] = wish.labels[0]
        return new
    if wish.kind not in (MOVE, SPLIT):
        raise InvalidInput(field="kind", reason_zh="未知的调整方式。", reason_en="Move, split or merge.")
    if not wish.floors:
        raise InvalidInput(
            field="floors", reason_zh="请先选择楼栋或楼层。", reason_en="Choose buildings or floors first."
        )
    if wish.kind == MOVE and wish.to not in known:
        raise InvalidInput(field="to", reason_zh="请选择移入的微网格。", reason_en="Choose where they go.")
    to = wish.to if wish.kind == MOVE and wish.to is not None else max(known, default=-1) + 1
    new[list(wish.floors)] = to
    if np.array_equal(new, labels):
        raise InvalidInput(
            field="floors", reason_zh="所选楼层已在该微网格内。", reason_en="They belong to it already."
        )
    return new


def check(
    before: Ints,
    after: Ints,
    households: Ints,
    edges: Ints,
    *,
    low: int,
    high: int,
    names: Mapping[int, str],
    accept: str,
) -> None:
    """Whether every micro-grid that the wish touched is in one piece and within its bounds.

    Raises NotContiguous, or OutOfBand unless a human accepts it with a reason. What was in pieces before, or out
    of the band, and got no worse, is no matter of this wish.
    """
    touched = set(before[before != after].tolist()) | set(after[before != after].tolist())
    for label in sorted(touched & set(after.tolist())):
        name = names.get(label, "新微网格")
        if pieces(after, edges, label) > max(1, pieces(before, edges, label)):
            raise NotContiguous(field="floors", name=name)
        weight = int(households[after == label].sum())
        if accept or low <= weight <= high:
            continue
        was = int(households[before == label].sum())
        nearer = (weight < low and 0 < was <= weight) or (weight > high and low <= was and was >= weight)
        if not nearer:
            raise OutOfBand(field="accept", name=name, households=weight, low=low, high=high)


def pieces(labels: Ints, edges: Ints, label: int) -> int:
    """How many pieces a micro-grid is in; 0 when no floor has the label."""
    inside = np.flatnonzero(labels == label)
    if not len(inside):
        return 0
    index = np.full(len(labels), -1, np.int64)
    index[inside] = np.arange(len(inside))
    both = (labels[edges[:, 0]] == label) & (labels[edges[:, 1]] == label)
    ends = index[edges[both]]
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(inside), len(inside)))
    count, _ = connected_components(graph, directed=False)
    return int(count)


def described(
    labels: Ints,
    homes: Ints,
    shops: Ints,
    before: Iterable[Mapping[str, Any]],
    *,
    old: Ints,
    low: int,
    high: int,
    accept: str,
) -> list[dict[str, Any]]:
    """The micro-grids after an edit. One that is new lies in the grid that its floors came from."""
    was = {int(entry["label"]): entry for entry in before}
    found: list[dict[str, Any]] = []
    for label in sorted(set(labels.tolist())):
        here = labels == label
        entry = was.get(label)
        if entry is None:
            source = was[int(old[here][0])]
            entry = {**source, "label": label, "place": None, "certificate": 0, "accept": ""}
        changed = bool((old[here] != label).any() or (here.sum() != (old == label).sum()))
        weight = int(homes[here].sum() + shops[here].sum())
        outside = not low <= weight <= high
        certificate = entry["certificate"] if outside and not changed else int(Certificate.within)
        if outside and changed:
            certificate = int(Certificate.unproved)
        found.append(
            {
                **entry, "households": weight, "shops": int(shops[here].sum()), "floors": int(here.sum()),
                "certificate": certificate,
                "accept": "" if not outside else (accept if changed and accept else entry["accept"]),
            }
        )  # fmt: skip
    return found
