"""The kernel of `visits`: rounds of workers as events in the order of time, group by group.

A group is who can meet: workers who share a queue or hand doors over to each other. Everybody else is a group of one,
whose events need no heap. What is to be done again, or was handed over, hangs behind the worker's own doors as a
list through the doors; a door is in one list at most.
"""

from typing import Any

import numpy as np
from numba import njit

from shanzhi.core.planning.draws import lognormal, stream_key, uniform

OUTCOME, TIME, HELP, HOLD = 11, 12, 13, 14  # streams of draws, each counted by door and attempt
_IDLE, _NEXT, _AT_DOOR, _AT_DESK, _OUT = 0, 1, 2, 3, 4  # a worker's next event
VISITED, HELPED, REFUSED, AWAY = 1, 2, 3, 4  # as in `visits.Outcome`


@njit(cache=True)
def _top(parent: Any, x: int) -> int:
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@njit(cache=True)
def _groups(indptr: Any, queue: Any, falls_out: Any, handed_to: Any, desk: Any, queues: int) -> Any:
    """The label of each worker's group, (w,)."""
    w = len(indptr) - 1
    parent = np.arange(w + queues)
    for i in range(w):
        if desk[i] >= 0:
            parent[_top(parent, i)] = _top(parent, w + desk[i])
        if handed_to[i] >= 0 and falls_out[i] < np.inf:
            parent[_top(parent, i)] = _top(parent, handed_to[i])
        if queues:
            last = -1
            for door in range(indptr[i], indptr[i + 1]):
                if queue[door] >= 0 and queue[door] != last:
                    last = queue[door]
                    parent[_top(parent, i)] = _top(parent, w + last)
    # Doors handed over are met with their queue by the one who gets them, who is in the same group already.
    return np.array([_top(parent, i) for i in range(w)], np.int64)


@njit(cache=True)
def _before(time: Any, a: int, b: int) -> bool:
    return time[a] < time[b] or (time[a] == time[b] and a < b)


@njit(cache=True)
def _push(heap: Any, size: int, time: Any, worker: int) -> int:
    at = size
    while at > 0 and _before(time, worker, heap[(at - 1) // 2]):
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = worker
    return size + 1


@njit(cache=True)
def _settle(heap: Any, size: int, time: Any, worker: int) -> None:
    """Put `worker` at the top of the heap, and down to where its time belongs."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and _before(time, heap[child + 1], heap[child]):
            child += 1
        if not _before(time, heap[child], worker):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = worker


@njit(cache=True)
def _served(free: Any, begin: int, end: int, now: float, hold: float) -> float:
    """Hold the server that is free first, for `hold` seconds: when it is done."""
    best = begin
    for server in range(begin + 1, end):
        if free[server] < free[best]:
            best = server
    free[best] = max(now, free[best]) + hold
    return free[best]


@njit(cache=True)
def walk_rounds(
    indptr: Any, walk: Any, kind: Any, queue: Any, table: Any, start: Any, falls_out: Any, handed_to: Any, desk: Any,
    servers: Any, holds: Any, revisits: int, revisit_seconds: float, seed: int, finished: Any, outcome: Any,
    attempts: Any, visited_by: Any, worker_finished: Any, waited: Any,
) -> None:  # fmt: skip
    """Visit all doors. Arguments as in `visits`, checked there; the last six are filled."""
    w, d = len(start), len(walk)
    group = _groups(indptr, queue, falls_out, handed_to, desk, len(servers))
    order = np.argsort(group, kind="mergesort")
    begins = np.zeros(len(servers) + 1, np.int64)
    begins[1:] = np.cumsum(servers)
    free = np.zeros(begins[-1])
    keys = (
        stream_key(seed, OUTCOME), stream_key(seed, TIME), stream_key(seed, HELP), stream_key(seed, HOLD)
    )  # fmt: skip
    # Per worker: the next door of its own, the list behind them, the event and its time, the door in hand.
    own, head, tail = indptr[:-1].copy(), np.full(w, -1, np.int64), np.full(w, -1, np.int64)
    event, time, in_hand = np.zeros(w, np.int8), np.zeros(w), np.full(w, -1, np.int64)
    after = np.full(d, -1, np.int32)
    heap = np.empty(w, np.int64)
    at = 0
    while at < w:
        size = 0
        label = group[order[at]]
        while at < w and group[order[at]] == label:
            i = order[at]
            at += 1
            first = min(start[i], falls_out[i])
            if first < np.inf:
                event[i] = _NEXT if start[i] < falls_out[i] else _OUT
                time[i] = first
                size = _push(heap, size, time, i)
        while size > 0:
            i = heap[0]
            now = time[i]
            done, out = False, event[i] == _OUT
            if event[i] == _NEXT:
                door = own[i] if own[i] < indptr[i + 1] else head[i]
                begin = now
                if door >= 0 and attempts[door] > 0:
                    begin = max(now, finished[door] + revisit_seconds)
                if begin >= falls_out[i]:
                    event[i], time[i] = _OUT, max(now, falls_out[i])
                elif door < 0:
                    event[i] = _IDLE
                else:
                    if own[i] < indptr[i + 1]:
                        own[i] += 1
                    else:
                        head[i] = after[door]
                        after[door] = -1
                    attempts[door] += 1
                    in_hand[i] = door
                    time[i] = begin + walk[door]
                    if queue[door] >= 0:
                        event[i] = _AT_DOOR
                    else:
                        done = _visit(
                            i, time[i], door, kind, table, desk, keys, attempts, outcome, event, time
                        )
            elif event[i] == _AT_DOOR:
                door = in_hand[i]
                q = queue[door]
                hold = lognormal(holds[0][q], holds[1][q], uniform(keys[3], door, attempts[door]))
                ready = _served(free, begins[q], begins[q + 1], now, hold)
                waited[i] += ready - hold - now
                done = _visit(i, ready, door, kind, table, desk, keys, attempts, outcome, event, time)
            elif event[i] == _AT_DESK:
                door = in_hand[i]
                k = kind[door]
                hold = lognormal(table[k, 6], table[k, 7], uniform(keys[2], door, attempts[door]))
                time[i] = _served(free, begins[desk[i]], begins[desk[i] + 1], now, hold)
                waited[i] += time[i] - hold - now
                done = True
            if done:
                door = in_hand[i]
                event[i], in_hand[i] = _NEXT, -1
                finished[door], worker_finished[i], visited_by[door] = time[i], time[i], i
                if outcome[door] == AWAY and attempts[door] <= revisits:
                    _append(i, door, head, tail, after)
            if event[i] == _IDLE or out:
                size -= 1
                if size > 0:
                    _settle(heap, size, time, heap[size])
            elif size > 1:
                _settle(heap, size, time, i)
            if out:
                size = _hand_over(
                    i,
                    now,
                    indptr,
                    own,
                    head,
                    tail,
                    after,
                    start,
                    falls_out,
                    handed_to,
                    event,
                    time,
                    heap,
                    size,
                )


@njit(cache=True)
def _visit(
    i: int, now: float, door: int, kind: Any, table: Any, desk: Any, keys: Any, attempts: Any, outcome: Any,
    event: Any, time: Any,
) -> bool:  # fmt: skip
    """At the door: draw what happens and when it ends. False if a help desk is to come first."""
    k, attempt = kind[door], attempts[door]
    chance = uniform(keys[0], door, attempt)
    away, shut = table[k, 3], table[k, 3] + table[k, 4]
    if chance < shut:
        outcome[door] = AWAY if chance < away else REFUSED
        time[i] = now + table[k, 2]
        return True
    time[i] = now + lognormal(table[k, 0], table[k, 1], uniform(keys[1], door, attempt))
    if chance >= shut + table[k, 5]:
        outcome[door] = VISITED
        return True
    outcome[door] = HELPED
    if desk[i] >= 0:
        event[i] = _AT_DESK
        return False
    time[i] += lognormal(table[k, 6], table[k, 7], uniform(keys[2], door, attempt))
    return True


@njit(cache=True)
def _append(i: int, door: int, head: Any, tail: Any, after: Any) -> None:
    if head[i] < 0:
        head[i] = door
    else:
        after[tail[i]] = door
    tail[i] = door


@njit(cache=True)
def _hand_over(
    i: int, now: float, indptr: Any, own: Any, head: Any, tail: Any, after: Any, start: Any, falls_out: Any,
    handed_to: Any, event: Any, time: Any, heap: Any, size: int,
) -> int:  # fmt: skip
    """Hand what is left to the first in the chain who has not fallen out; wake that one. The size of the heap."""
    to, hops = handed_to[i], 0
    while to >= 0 and falls_out[to] <= now and hops < len(own):
        # Who has fallen out stays so: the chain is halved on the way, or a ring would be walked again and again.
        step = handed_to[to]
        if step == to:
            break
        if step >= 0 and falls_out[step] <= now:
            handed_to[to] = handed_to[step]
        to = handed_to[to]
        hops += 1
    if to < 0 or falls_out[to] <= now or (own[i] == indptr[i + 1] and head[i] < 0):
        return size
    while own[i] < indptr[i + 1]:
        _append(to, own[i], head, tail, after)
        own[i] += 1
    while head[i] >= 0:
        door = head[i]
        head[i] = after[door]
        after[door] = -1
        _append(to, door, head, tail, after)
    if event[to] == _IDLE and start[to] <= now:
        event[to], time[to] = _NEXT, now
        size = _push(heap, size, time, to)
    return size
