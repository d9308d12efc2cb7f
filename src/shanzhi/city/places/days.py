"""Whether a plan can be said of its day (生效日期的检查): what is recorded after that day may not contradict it.

The tree is kept as spans of days, and a plan only adds to their end. So nothing that it alters, and nothing above a
place that it sets in, may have begun later; and a code is free on a day only when nobody holds it from then
on. Spans without a day in them, which undoings leave, say nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.base.rows import array_of
from shanzhi.city.places.succession import Plan, Tree, Wanted


@dataclass(frozen=True)
class Fault:
    """Why a plan cannot be, and for which of its places. `about`: code, day, below, parent."""

    place: UUID
    about: str
    zh: str
    en: str


def faults(plan: Plan, tree: Tree, on: date) -> list[Fault]:
    """What stands against carrying out a plan on a day; empty when nothing does. `tree` is as before it."""
    with connection.cursor() as cursor:
        return [
            *_begun_later(plan, tree, on),
            *_parents(plan, tree),
            *_lines(cursor, plan, tree, on),
            *_codes(cursor, plan, tree, on),
            *_below(cursor, plan, tree, on),
        ]


def too_early(place: UUID, name: str, since: date | None = None) -> Fault:
    """The fault of a day before that of what is recorded."""
    zh, en = (f"（{since:%Y-%m-%d}）", f" ({since:%Y-%m-%d})") if since else ("", "")
    return Fault(
        place, "day", f"生效日期早于“{name}”现有的记录{zh}，请改用较晚的日期。",
        f"the day is before that of what is recorded of {name}{en}: choose a later one.",
    )  # fmt: skip


def _begun_later(plan: Plan, tree: Tree, on: date) -> Iterable[Fault]:
    since = {wanted.id: tree.nodes[wanted.id].named_on for wanted in plan.renamed}
    for place in (*plan.closed, *(wanted.id for wanted in plan.moved)):
        node = tree.nodes[place]
        ended = place in plan.closed
        since[place] = max(since.get(place, date.min), node.placed_on, node.named_on if ended else date.min)
    for place, day in since.items():
        if day > on:
            yield too_early(place, tree.nodes[place].name, day)


def _settled(plan: Plan) -> list[Wanted]:
    """Whatever gets a parent by the plan, or stands again under its old one."""
    return [*plan.created, *plan.moved, *plan.reopened]


def _parents(plan: Plan, tree: Tree) -> Iterable[Fault]:
    back = {wanted.id for wanted in plan.reopened}
    ending = set(plan.closed)
    for wanted in _settled(plan):
        parent = tree.nodes.get(wanted.parent) if wanted.parent else None
        if parent is not None and (parent.id in ending or (parent.closed and parent.id not in back)):
            yield Fault(
                wanted.id, "parent", f"上级“{parent.name}”已撤销或将撤销。", f"{parent.name} above has ended or ends."
            )  # fmt: skip


def _lines(cursor: Any, plan: Plan, tree: Tree, on: date) -> Iterable[Fault]:
    """Lines upwards that began later: of new parents, and of whatever lies under a place that moves or vanishes."""
    under: dict[UUID, UUID] = {}
    # What stands again where it was has kept its line: a closed place goes along with those above it.
    for wanted in (*plan.created, *plan.moved):
        if wanted.parent is not None and wanted.parent in tree.nodes:
            under.setdefault(wanted.parent, wanted.id)
    cursor.execute(
        "SELECT descendant_id, max(from_on) FROM places_placeclosure WHERE to_on IS NULL AND from_on > %s "
        "AND descendant_id = ANY(%s) GROUP BY descendant_id",
        [on, list(under)],
    )
    for parent, since in cursor.fetchall():
        yield too_early(under[parent], tree.nodes[parent].name, since)
    altered = [*(wanted.id for wanted in plan.moved), *plan.unmade]
    cursor.execute(
        "SELECT DISTINCT ON (b.ancestor_id) b.ancestor_id, k.descendant_id, k.from_on FROM places_placeclosure b "
        "JOIN places_placeclosure k ON k.descendant_id = b.descendant_id AND k.to_on IS NULL AND k.from_on > %s "
        "WHERE b.ancestor_id = ANY(%s) AND b.to_on IS NULL ORDER BY b.ancestor_id, k.from_on DESC",
        [on, altered],
    )
    for place, below, since in cursor.fetchall():
        yield too_early(place, tree.nodes[below].name, since)
    # What lay under it on the day and has left since would have to go along for the days between.
    cursor.execute(
        "SELECT DISTINCT ON (ancestor_id) ancestor_id, descendant_id, to_on FROM places_placeclosure "
        "WHERE ancestor_id = ANY(%s) AND depth > 0 AND to_on > greatest(from_on, %s) "
        "ORDER BY ancestor_id, to_on DESC",
        [altered, on],
    )
    for place, left, until in cursor.fetchall():
        yield too_early(place, tree.nodes[left].name, until)


def _codes(cursor: Any, plan: Plan, tree: Tree, on: date) -> Iterable[Fault]:
    """Codes that somebody else holds on the day or later. Who gives theirs up in this plan holds none."""
    giving = {wanted.id for wanted in plan.renamed} | set(plan.closed)
    taking = {wanted.code: wanted for wanted in (*plan.created, *plan.renamed, *plan.reopened)}
    if len(taking) < len({wanted.id for wanted in (*plan.created, *plan.renamed, *plan.reopened)}):
        codes = [wanted.code for wanted in (*plan.created, *plan.renamed, *plan.reopened)]
        for wanted in (*plan.created, *plan.renamed, *plan.reopened):
            if codes.count(wanted.code) > 1:
                yield Fault(
                    wanted.id, "code", f"代码 {wanted.code} 重复。", f"code {wanted.code} is given twice."
                )
        return
    cursor.execute(
        "SELECT v.code, v.place_id, v.to_on FROM places_placeversion v WHERE v.code = ANY(%s::text[]) "
        "AND (v.to_on IS NULL OR v.to_on > greatest(v.from_on, %s))",
        [array_of(taking), on],
    )
    for code, holder, until in cursor.fetchall():
        wanted = taking[code]
        if holder == wanted.id or (until is None and holder in giving):
            continue
        name = tree.nodes[holder].name
        if until is None:
            yield Fault(wanted.id, "code", f"代码 {code} 已由“{name}”使用。", f"{name} has the code {code}.")
        else:
            yield Fault(
                wanted.id, "code", f"代码 {code} 在 {until:%Y-%m-%d} 之前仍由“{name}”使用。",
                f"{name} has the code {code} until {until:%Y-%m-%d}.",
            )  # fmt: skip


def _below(cursor: Any, plan: Plan, tree: Tree, on: date) -> Iterable[Fault]:
    """Whatever still lies under a place that ends, on the day or later."""
    if not plan.closed:
        return
    leaving = {wanted.id for wanted in plan.moved} | set(plan.closed)
    yield from _ended_below(cursor, plan, tree, leaving)
    cursor.execute(
        "SELECT k.ancestor_id, k.descendant_id, k.to_on, p.closed_on FROM places_placeclosure k "
        "JOIN places_place p ON p.id = k.descendant_id WHERE k.ancestor_id = ANY(%s) AND k.depth = 1 "
        "AND (k.to_on IS NULL OR k.to_on > greatest(k.from_on, %s)) "
        "AND (p.closed_on IS NULL OR p.closed_on > greatest(p.opened_on, %s)) ORDER BY p.code",
        [plan.closed, on, on],
    )
    for place, child, until, closed_on in cursor.fetchall():
        if until is None and closed_on is None:
            if child not in leaving:
                name = tree.nodes[child].name
                yield Fault(place, "below", f"其下还有“{name}”，请先调整。", f"{name} is still under it.")
        else:
            yield too_early(place, tree.nodes[place].name, until or closed_on)


def _ended_below(cursor: Any, plan: Plan, tree: Tree, leaving: set[UUID]) -> Iterable[Fault]:
    """What ended under a place that is to vanish: its line upwards would break off."""
    cursor.execute(
        "SELECT k.ancestor_id, k.descendant_id FROM places_placeclosure k JOIN places_place p "
        "ON p.id = k.descendant_id WHERE k.ancestor_id = ANY(%s) AND k.depth = 1 AND k.to_on IS NULL "
        "AND p.closed_on IS NOT NULL ORDER BY p.code, p.id",
        [plan.unmade],
    )
    for place, child in cursor.fetchall():
        if child not in leaving:
            name = tree.nodes[child].name
            yield Fault(
                place, "below", f"其下有过“{name}”，现已撤销。", f"{name} lay under it and has ended."
            )  # fmt: skip
