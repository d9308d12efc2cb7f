"""What a publishing writes (发布写入): places, boundaries and memberships, in sets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.base.access import Actor
from shanzhi.base.rows.wide import Copying
from shanzhi.city.compounds.following import Joined, hand_over
from shanzhi.city.gridding.actions import Tell
from shanzhi.city.gridding.models import Proposal
from shanzhi.city.gridding.standing import Standing
from shanzhi.city.places import days, journal, store, touching
from shanzhi.city.places.levels import Level
from shanzhi.city.places.near import Near
from shanzhi.city.places.succession import Plan, Wanted
from shanzhi.core.geometry.dividing import Drawn
from shanzhi.core.kit.errors import InvalidInput

MOST_FLOORS = 20_000  # of a change that can be taken back


@dataclass
class Change:
    """What a publishing writes."""

    plan: Plan = field(default_factory=Plan)
    drawing: list[tuple[list[UUID], list[UUID], bool]] = field(default_factory=list)
    """Of each community the places of its labels and of its grids, and whether what is drawn is approximate."""
    joined: Joined | None = None
    handing: Copying | None = None
    """The floors of `joined`, where they are on their way already."""
    before: list[list[str | None]] = field(default_factory=list)
    successors: dict[UUID, UUID] = field(default_factory=dict)
    standing: list[Standing] = field(default_factory=list)


class Pieces:
    """What is drawn of the communities in their order, waited for when it is asked for."""

    def __init__(self, coming: Iterator[Drawn], total: int, tell: Tell) -> None:
        self._coming, self._total, self._tell = coming, total, tell
        self._found: list[Drawn] = []

    def of(self, number: int) -> Drawn:
        """The polygons of a community."""
        while len(self._found) <= number:
            if len(self._found) % 50 == 0:
                self._tell("drawing", len(self._found), self._total)
            self._found.append(next(self._coming))
        return self._found[number]

    def shapes(self, change: Change) -> list[tuple[UUID, bytes, bool, float, float]]:
        """Every place with its boundary and a point inside."""
        return [
            (place, shape, approximate, lon, lat)
            for number, (micro, grids, approximate) in enumerate(change.drawing)
            for places, sent, inside in (
                (micro, self.of(number).part, self.of(number).inside_part),
                (grids, self.of(number).group, self.of(number).inside_group),
            )
            for place, shape, (lon, lat) in zip(places, sent, inside.tolist(), strict=True)
        ]


def write(
    found: Proposal,
    change: Change,
    pieces: Pieces,
    tell: Tell,
    on: date,
    reason: str,
    actor: Actor,
    at: datetime,
) -> None:
    heirs = change.successors
    # What ended lies under who goes on, as with a merge.
    nodes = {place.id: place for place in change.standing}
    for old, heir in heirs.items():
        place = nodes[old]
        change.plan.moved.append(
            Wanted(0, old, Level(place.level), place.code, place.name, heir, "", None, None)
        )
    rows = _rows(change, nodes)
    joined = 0 if change.joined is None else len(change.joined.floors)
    small = len(rows) <= journal.MOST_ROWS and joined <= MOST_FLOORS
    shapes = (
        _shapes_before(
            [row.place for row in rows if "created" not in row.what]
            + [place for micro, grids, _ in change.drawing for place in (*micro, *grids) if place in nodes]
        )
        if small
        else []
    )
    _check_day(change.plan, on)
    if change.handing is not None:
        change.handing.done()
    errors = store.write(change.plan, on)
    if errors:
        raise InvalidInput(field="on", reason_zh=errors[0].message_zh, reason_en=errors[0].message_en)
    if change.handing is not None:
        store.check_links()
    drawn = pieces.shapes(change)
    tell("saving", 0, 0)
    store.set_shapes(drawn)
    followed = touching.follow(heirs, on, skip={"households"})
    if small:
        followed |= {"households": {"floors": change.before}, "shapes": shapes}
    if change.joined is not None and change.handing is None:
        hand_over(change.joined.rows(), on)
    journal.write(
        kind="divide", rows=rows, keep=small,
        summary=(f"划分微网格：{found.name}", f"divided: {found.name}"), on=on, at=at, actor=actor, reason=reason,
        followed=followed, successors={old: [heir] for old, heir in heirs.items()},
    )  # fmt: skip


def _check_day(plan: Plan, on: date) -> None:
    """Raise InvalidInput when what is recorded since stands against the day."""
    tree = Near()
    settled = [*plan.renamed, *plan.moved]
    made = {wanted.id for wanted in plan.created}
    above = {wanted.parent for wanted in (*plan.created, *settled)} - made
    tree.nodes.load([*plan.closed, *(w.id for w in settled), *above])
    tree.nodes.new(made)
    found = days.faults(plan, tree, on)
    if found:
        raise InvalidInput(field="on", reason_zh=found[0].zh, reason_en=found[0].en)


def _rows(change: Change, nodes: Mapping[UUID, Standing]) -> list[journal.Row]:
    def was(place: Standing) -> journal.Side:
        return journal.Side(place.code, place.name, place.parent)

    rows = [
        journal.Row(w.id, w.level.value, ("created",), None, journal.Side(w.code, w.name, w.parent))
        for w in change.plan.created
    ]
    rows += [
        journal.Row(
            w.id,
            w.level.value,
            ("moved", "recoded"),
            was(nodes[w.id]),
            journal.Side(w.code, w.name, w.parent),
        )
        for w in change.plan.renamed
    ]
    rows += [
        journal.Row(place, nodes[place].level, ("closed",), was(nodes[place]), None)
        for place in change.plan.closed
    ]
    # What stays as it is but lies in the same communities: a later change of it comes after this one.
    touched = {row.place for row in rows}
    rows += [
        journal.Row(place.id, place.level, (), was(place), was(place))
        for place in change.standing
        if place.id not in touched
    ]
    return rows


def _shapes_before(places: Sequence[UUID]) -> list[list[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id::text, encode(boundary, 'hex'), approximate, lon, lat FROM places_place WHERE id = ANY(%s)",
            [list(dict.fromkeys(places))],
        )
        return [list(row) for row in cursor.fetchall()]
