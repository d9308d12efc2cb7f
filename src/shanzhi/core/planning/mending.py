"""Mend clusters of a partition, and bring parts that are out of the band back into it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shanzhi.core.planning.certificates import prove
from shanzhi.core.planning.city import City, Ints
from shanzhi.core.planning.counting import localize, renumber
from shanzhi.core.planning.forest import adjacency
from shanzhi.core.planning.improve import improve
from shanzhi.core.planning.trees import CROSSING

# Trees for each turn of mending, and how far a neighbourhood reaches.
ROUNDS = (20, 12, 24, 48, 96, 192, 192, 192)
RINGS = (1, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Rules:
    """The band and its prices."""

    low: int
    high: int
    target: int
    costs: Ints
    prices: NDArray[np.int64]
    seed: int


def light_nodes(city: City, low: int) -> NDArray[np.bool_]:
    """Nodes of connected pieces of a compound that are too small to stand alone."""
    piece, pieces = city.sets(np.flatnonzero(city.kind < 3))
    found: NDArray[np.bool_] = (np.bincount(piece, city.households, pieces) < low)[piece]
    return found


def mend(
    city: City,
    label: Ints,
    count: int,
    cluster: NDArray[Any],
    rules: Rules,
    *,
    rounds: int,
    light: NDArray[np.bool_],
    seed: int = 0,
    patience: int = 1 << 30,
    only_broken: bool = False,
    home: NDArray[Any] | None = None,
    move_price: int = 0,
    crossing: int = CROSSING,
) -> tuple[Ints, int]:
    """Draw trees anew in each cluster (n,) of whole parts (-1: leave alone); returns labels and their count."""
    nodes = np.flatnonzero(cluster >= 0)
    if not len(nodes):
        return label, count
    order = nodes[np.argsort(cluster[nodes], kind="stable")]
    position = np.full(city.count, -1, np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    inside = np.flatnonzero((cluster[city.a] == cluster[city.b]) & (cluster[city.a] >= 0))
    a, b = position[city.a[inside]], position[city.b[inside]]
    start, neighbour, via = adjacency(len(order), a, b, np.arange(len(inside)))
    group = cluster[order]
    begins = np.flatnonzero(np.r_[True, group[1:] != group[:-1], True]).astype(np.int32)
    part, parts = localize(begins, label[order], count)
    improve(
        begins, start, neighbour, city.kind[inside][via], city.households[order],
        np.ascontiguousarray(city.ids[:, order]), light[order], part, parts,
        np.full(len(order), -1, np.int32) if home is None else home[order].astype(np.int32), move_price,
        rules.costs, rules.high, rules.prices, crossing, rounds, patience, rules.seed + 7919 * seed, only_broken,
    )  # fmt: skip
    first = np.r_[0, np.cumsum(parts)].astype(np.int64)
    result = label.astype(np.int64)
    result[order] = count + part + np.repeat(first[:-1], np.diff(begins))
    found: tuple[Ints, int] = renumber(result, count + int(first[-1]))
    return found


def share_small(
    city: City,
    label: Ints,
    count: int,
    piece: Ints,
    light: NDArray[np.bool_],
    rules: Rules,
    rounds: int,
    seed: int,
    crossing: int = CROSSING,
) -> tuple[Ints, int]:
    """Deal the small compounds out anew among the parts: the same search on a graph of what stays whole.

    Its nodes are small pieces and what each part holds of a larger one, so a round costs a fraction of one on
    all nodes.
    """
    key, atom = np.unique(piece.astype(np.int64) * count + label, return_inverse=True)
    atom = atom.reshape(city.count)
    weight = np.bincount(atom, city.households, len(key)).astype(np.int32)
    small = np.zeros(len(key), np.bool_)
    small[atom] = light
    first, second = atom[city.a], atom[city.b]
    bridge = np.flatnonzero((first != second) & (small[first] | small[second]))
    low, high = np.minimum(first, second)[bridge], np.maximum(first, second)[bridge]
    pairs = np.unique(low * len(key) + high)
    low, high = (pairs // len(key)).astype(np.int32), (pairs % len(key)).astype(np.int32)
    same = np.arange(len(key), dtype=np.int32)
    nowhere = np.zeros(len(key))
    kind = np.full(len(pairs), 3, np.int8)
    atoms = City(weight, low, high, kind, nowhere, nowhere, np.stack([same, same, same]))
    cluster, clusters = atoms.sets(np.arange(len(pairs)))
    alone = np.bincount(cluster, minlength=clusters)[cluster] == 1
    # What a part holds of one piece may hang together only through another part's small piece: leave such be.
    held = (key % count).astype(np.int32)
    split = np.zeros(count, np.bool_)
    whole, _ = atoms.sets(np.flatnonzero(held[low] == held[high]))
    span_ = np.unique(np.stack([held.astype(np.int64), whole.astype(np.int64)]), axis=1)[0]
    split |= np.bincount(span_, minlength=count) > 1
    # A label belongs to one cluster, or `mend` would take its halves for two parts.
    cluster = np.where(alone | split[held], -1, cluster)
    found, made = mend(
        atoms,
        held,
        count,
        cluster,
        rules,
        rounds=rounds,
        light=np.zeros(len(key), np.bool_),
        seed=seed,
        patience=15,
        crossing=crossing,
    )
    return renumber(found[atom].astype(np.int64), made)


def around(city: City, label: Ints, count: int, broken: NDArray[np.bool_], rings: int) -> NDArray[Any]:
    """Clusters of the broken parts and their neighbours `rings` parts away, -1 elsewhere (n,)."""
    chosen = broken.copy()
    first, second = label[city.a], label[city.b]
    for _ in range(rings):
        grown = chosen.copy()
        grown[second[chosen[first]]] = True
        grown[first[chosen[second]]] = True
        chosen = grown
    taken = chosen[label]
    sets, _ = city.sets(np.flatnonzero(taken[city.a] & taken[city.b]))
    return np.where(taken, sets, -1)


def broken_parts(city: City, label: Ints, count: int, rules: Rules) -> NDArray[np.bool_]:
    """Parts out of the band that a better cut might mend: not those with a node above `high`."""
    weights = np.bincount(label, city.households, count)
    broken: NDArray[np.bool_] = (weights < rules.low) | (weights > rules.high)
    broken[label[city.households > rules.high]] = False
    return broken


def mend_broken(city: City, label: Ints, count: int, rules: Rules) -> tuple[Ints, int, NDArray[np.bool_]]:
    """Mend what is out of the band, in neighbourhoods that grow while something is left.

    Returns the labels, their count, and the nodes of which is proved that no partition could cover them.
    """
    hopeless = np.zeros(city.count, np.bool_)
    if not broken_parts(city, label, count, rules).any():
        return label, count, hopeless
    component, components = city.sets(np.arange(len(city.a)))
    hopeless |= (np.bincount(component, city.households, components) < rules.low)[component]
    if hopeless.any():
        # One part for the whole of a component that is too small.
        label, count = renumber(np.where(hopeless, count + component, label), count + components)
    light: NDArray[np.bool_] | None = None
    for turn, rings in enumerate(RINGS):
        broken = broken_parts(city, label, count, rules)
        broken[label[hopeless]] = False
        # Two turns first: parts that cannot be saved can still be made fewer.
        if turn > 1 and broken.any():
            prove(city, label, broken, rules.low, rules.high, hopeless)
            broken[label[hopeless]] = False
        if not broken.any():
            break
        if light is None:
            light = light_nodes(city, rules.low)
        cluster = around(city, label, count, broken, rings)
        label, count = mend(
            city, label, count, cluster, rules, rounds=ROUNDS[turn], light=light,
            seed=31 + turn, only_broken=True,
        )  # fmt: skip
    return label, count, hopeless
