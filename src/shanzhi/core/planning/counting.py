"""Kernels that number, check and count partitions."""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def misfit(a: Any, b: Any, kind: Any, compound: Any, building: Any, stairwell: Any) -> int:
    """The first edge whose kind does not fit the compounds, buildings and stairwells at its ends, or -1."""
    for edge in range(len(a)):
        first, second, k = a[edge], b[edge], kind[edge]
        if (
            (compound[first] != compound[second]) != (k == 3)
            or (k <= 1 and building[first] != building[second])
            or (k == 0 and stairwell[first] != stairwell[second])
        ):
            return edge
    return -1


@njit(cache=True)
def renumber(label: Any, size: int) -> Any:
    """Number labels below `size` in the order of their first nodes: (labels, how many)."""
    known = np.full(size, -1, np.int32)
    result = np.empty(len(label), np.int32)
    count = 0
    for node in range(len(label)):
        if known[label[node]] < 0:
            known[label[node]] = count
            count += 1
        result[node] = known[label[node]]
    return result, count


@njit(cache=True)
def localize(begins: Any, label: Any, size: int) -> Any:
    """Number the labels within each cluster: (part of each node, parts of each cluster)."""
    known = np.full(size, -1, np.int32)
    owner = np.full(size, -1, np.int32)
    part = np.empty(len(label), np.int32)
    parts = np.zeros(len(begins) - 1, np.int32)
    for t in range(len(begins) - 1):
        for i in range(begins[t], begins[t + 1]):
            if owner[label[i]] != t:
                owner[label[i]] = t
                known[label[i]] = parts[t]
                parts[t] += 1
            part[i] = known[label[i]]
    return part, parts


@njit(cache=True)
def count_pieces(label: Any, count: int, ids: Any, light: Any) -> Any:
    """How many buildings, stairwells, compounds each part touches (3,), and how many parts mix needlessly."""
    start = np.zeros(count + 1, np.int64)
    for node in range(len(label)):
        start[label[node] + 1] += 1
    for p in range(count):
        start[p + 1] += start[p]
    fill = start[:-1].copy()
    nodes = np.empty(len(label), np.int32)
    for node in range(len(label)):
        nodes[fill[label[node]]] = node
        fill[label[node]] += 1
    seen = np.full((3, ids.max() + 1 if len(label) else 1), -1, np.int32)
    touched = np.zeros(3, np.int64)
    needless = 0
    for p in range(count):
        compounds, some_light = 0, False
        for position in range(start[p], start[p + 1]):
            node = nodes[position]
            for which in range(3):
                if seen[which, ids[which, node]] != p:
                    seen[which, ids[which, node]] = p
                    touched[which] += 1
                    if which == 2:
                        compounds += 1
            some_light |= light[node]
        if compounds > 1 and not some_light:
            needless += 1
    return touched, needless
