"""The journal of dated changes (变更记录): written with every change, read to show and to take back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.base.access import Actor
from shanzhi.base.rows import array_of
from shanzhi.city.places import touching
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import PlaceChange, PlaceSuccession
from shanzhi.city.places.succession import Node, Plan, Tree, Wanted

# A change of more places than this is kept without its rows, and cannot be taken back.
MOST_ROWS = 5000


@dataclass(frozen=True)
class Side:
    """Code, name and parent of a place before or after."""

    code: str
    name: str
    parent: UUID | None


@dataclass(frozen=True)
class Row:
    """What a change does to a place: created, renamed, recoded, moved, described, closed, reopened."""

    place: UUID
    level: str
    what: tuple[str, ...]
    before: Side | None
    after: Side | None


def rows_of(plan: Plan, tree: Tree) -> list[Row]:
    """What a plan does, place by place."""
    found = [
        Row(wanted.id, wanted.level.value, ("created",), None, _after(wanted)) for wanted in plan.created
    ]
    changed: dict[UUID, tuple[Wanted, set[str]]] = {}
    ending = set(plan.closed)
    for what, many in (("renamed", plan.renamed), ("moved", plan.moved)):
        for wanted in many:
            if wanted.id in ending:
                continue
            _, said = changed.setdefault(wanted.id, (wanted, set()))
            node = tree.nodes[wanted.id]
            if what == "moved":
                said.add("moved")
            if wanted.code != node.code:
                said.add("recoded")
            if wanted.name != node.name:
                said.add("renamed")
    for place, (wanted, said) in changed.items():
        node = tree.nodes[place]
        found.append(Row(place, node.level.value, tuple(sorted(said)), _before(node), _after(wanted)))
    for place in plan.closed:
        node = tree.nodes[place]
        found.append(Row(place, node.level.value, ("closed",), _before(node), None))
    return found


def _before(node: Node) -> Side:
    return Side(node.code, node.name, node.parent)


def _after(wanted: Wanted) -> Side:
    return Side(wanted.code, wanted.name, wanted.parent)


def write(
    *,
    kind: str,
    rows: list[Row],
    summary: tuple[str, str],
    on: date,
    at: datetime,
    actor: Actor,
    reason: str,
    followed: Mapping[str, Any],
    successors: Mapping[UUID, Iterable[UUID]],
    undoes: PlaceChange | None = None,
    keep: bool = True,
) -> PlaceChange:
    """Append a change to the journal, in the caller's transaction. Without `keep` it cannot be taken back."""
    kept = keep and len(rows) <= MOST_ROWS
    change = PlaceChange.objects.create(
        kind=kind, on=on, at=at, actor_id=actor.account_id, actor_name=actor.name[:60], reason=reason[:200],
        summary_zh=summary[0][:200], summary_en=summary[1][:300],
        # Without its rows: what was there before, and new grids, by which the communities above find the change.
        places=[row.place for row in rows if kept or row.before is not None or row.level == Level.GRID],
        rows=[_plain(row) for row in rows] if kept else None, followed=dict(followed) if kept else {},
        undoes=undoes,
    )  # fmt: skip
    lines = [(change.id, old, new, on) for old, many in successors.items() for new in dict.fromkeys(many)]
    if lines:
        with (
            connection.cursor() as cursor,
            cursor.copy(
                f'COPY {PlaceSuccession._meta.db_table} (change_id, predecessor_id, successor_id, "on") FROM STDIN'
            ) as copy,
        ):
            for line in lines:
                copy.write_row(line)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT area FROM places_place WHERE id = ANY(%s::uuid[])",
            [array_of(row.place for row in rows)],
        )
        touching.redraw([area for (area,) in cursor.fetchall()])
    return change


def _plain(row: Row) -> dict[str, Any]:
    sides = {
        name: None
        if side is None
        else {**vars(side), "parent": None if side.parent is None else str(side.parent)}
        for name, side in (("before", row.before), ("after", row.after))
    }
    return {"place": str(row.place), "level": row.level, "what": list(row.what), **sides}


def read_rows(change: PlaceChange) -> list[Row] | None:
    """The rows of a change; None when they were too many to keep."""
    if change.rows is None:
        return None
    return [
        Row(UUID(row["place"]), row["level"], tuple(row["what"]), _side(row["before"]), _side(row["after"]))
        for row in change.rows
    ]


def _side(given: Mapping[str, Any] | None) -> Side | None:
    if given is None:
        return None
    return Side(given["code"], given["name"], UUID(given["parent"]) if given["parent"] else None)


def last_on(places: Iterable[UUID], after: PlaceChange) -> PlaceChange | None:
    """The newest change later than `after` that touches one of the places and stands; None when there is none."""
    later = PlaceChange.objects.filter(places__overlap=list(places), undoes=None, undone_by=None)
    return later.filter(at__gte=after.at, id__gt=after.id).order_by("-at", "-id").first()
