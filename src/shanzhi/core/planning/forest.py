"""From edges to trees: union-find, the hierarchical spanning forest, and an order from root to leaf."""

from typing import Any

import numpy as np
from numba import njit

NO_NODE = -1


@njit(cache=True)
def find(leader: Any, node: int) -> int:
    """The leader of the set that a node is in (path halving)."""
    while leader[node] != node:
        leader[node] = leader[leader[node]]
        node = leader[node]
    return node


@njit(cache=True)
def span(a: Any, b: Any, order: Any, leader: Any, chosen: Any) -> int:
    """Kruskal's forest over the edges in `order`: marks `chosen`, returns how many were taken.

    Of two leaders the smaller stays, so the leader of a set is its first node.
    """
    taken = 0
    for position in range(len(order)):
        edge = order[position]
        first, second = find(leader, a[edge]), find(leader, b[edge])
        if first != second:
            if first > second:
                first, second = second, first
            leader[second] = first
            chosen[edge] = True
            taken += 1
    return taken


@njit(cache=True)
def lengths(a: Any, b: Any, kind: Any, x: Any, y: Any) -> Any:
    """Lengths of the edges between buildings in centimetres, at most 655 m (m,), and 0 inside a building."""
    result = np.zeros(len(a), np.uint16)
    for edge in range(len(a)):
        if kind[edge] >= 2:
            east, north = x[a[edge]] - x[b[edge]], y[a[edge]] - y[b[edge]]
            result[edge] = min(65535, int(np.sqrt(east * east + north * north)))
    return result


@njit(cache=True)
def number_sets(leader: Any) -> Any:
    """Number the sets in the order of their first nodes: (set of each node, number of sets)."""
    count = 0
    result = np.empty(len(leader), np.int32)
    for node in range(len(leader)):
        first = find(leader, node)
        if first == node:
            result[node] = count
            count += 1
        else:
            result[node] = result[first]
    return result, count


@njit(cache=True)
def adjacency(count: int, a: Any, b: Any, edges: Any) -> Any:
    """Neighbours of each node along some edges: (start (n + 1,), neighbour (2 e,), edge (2 e,))."""
    start = np.zeros(count + 1, np.int32)
    for position in range(len(edges)):
        start[a[edges[position]] + 1] += 1
        start[b[edges[position]] + 1] += 1
    for node in range(count):
        start[node + 1] += start[node]
    fill = start[:-1].copy()
    neighbour = np.empty(2 * len(edges), np.int32)
    via = np.empty(2 * len(edges), np.int32)
    for position in range(len(edges)):
        edge = edges[position]
        first, second = a[edge], b[edge]
        neighbour[fill[first]] = second
        via[fill[first]] = edge
        fill[first] += 1
        neighbour[fill[second]] = first
        via[fill[second]] = edge
        fill[second] += 1
    return start, neighbour, via


@njit(cache=True)
def breadth_first(start: Any, neighbour: Any, via: Any) -> Any:
    """Walk a forest from the first node of each tree.

    Returns the nodes in order (n,), the place of each one's parent (n,), the edge to it (n,), and where the
    trees begin (t + 1,).
    """
    count = len(start) - 1
    order = np.empty(count, np.int32)
    parent = np.empty(count, np.int32)
    edge = np.empty(count, np.int32)
    seen = np.zeros(count, np.bool_)
    begins = np.empty(count + 1, np.int32)
    trees = placed = 0
    for root in range(count):
        if seen[root]:
            continue
        begins[trees] = placed
        trees += 1
        seen[root] = True
        order[placed] = root
        parent[placed] = NO_NODE
        edge[placed] = NO_NODE
        place = placed
        placed += 1
        while place < placed:
            node = order[place]
            for position in range(start[node], start[node + 1]):
                other = neighbour[position]
                if not seen[other]:
                    seen[other] = True
                    order[placed] = other
                    parent[placed] = place
                    edge[placed] = via[position]
                    placed += 1
            place += 1
    begins[trees] = placed
    return order, parent, edge, begins[: trees + 1].copy()
