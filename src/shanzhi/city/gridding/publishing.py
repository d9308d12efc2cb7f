"""Publishing a proposal (发布): places, boundaries and memberships in one transaction, in sets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.db import connection, transaction
from django.utils.timezone import localdate
from numpy.typing import NDArray

from shanzhi.base.access import Actor
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.base.rows import in_sets
from shanzhi.city.compounds.following import hand_over
from shanzhi.city.gridding import instance, naming
from shanzhi.city.gridding.actions import Tell, silent
from shanzhi.city.gridding.errors import FloorsChanged
from shanzhi.city.gridding.models import Proposal, ProposalPart
from shanzhi.city.gridding.shapes import Outlines, outlines, polygons
from shanzhi.city.places import days, journal, store, touching
from shanzhi.city.places.levels import Level, free_code
from shanzhi.city.places.near import Near
from shanzhi.city.places.succession import Plan, Wanted
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError
from shanzhi.core.kit.ids import uuid7

Ints = NDArray[np.int64]
_FEW = 10  # communities whose rows are found one by one in no time
_MOST_FLOORS = 20_000  # of a change that can be taken back


@dataclass(frozen=True)
class Standing:
    """A grid or micro-grid in force."""

    id: UUID
    level: str
    code: str
    name: str
    parent: UUID


@dataclass
class _Change:
    """What a publishing writes."""

    plan: Plan = field(default_factory=Plan)
    shapes: list[tuple[UUID, bytes, bool, float, float]] = field(default_factory=list)
    joined: list[tuple[str, UUID, UUID | None]] = field(default_factory=list)
    before: list[list[str | None]] = field(default_factory=list)
    successors: dict[UUID, UUID] = field(default_factory=dict)
    standing: list[Standing] = field(default_factory=list)


def standing(communities: Sequence[UUID]) -> dict[UUID, list[Standing]]:
    """The grids and micro-grids in force under each community, by code."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT up.ancestor_id, p.id, p.level, p.code, p.name, k.ancestor_id
            FROM places_placeclosure up
            JOIN places_place p ON p.id = up.descendant_id AND p.closed_on IS NULL
            JOIN places_placeclosure k ON k.descendant_id = p.id AND k.depth = 1 AND k.to_on IS NULL
            WHERE up.ancestor_id = ANY(%s) AND up.depth > 0 AND up.to_on IS NULL
              AND p.level IN ('grid', 'microgrid')
            ORDER BY p.code
            """,
            [list(communities)],
        )
        found: dict[UUID, list[Standing]] = {}
        for community, *rest in cursor.fetchall():
            found.setdefault(community, []).append(Standing(*rest))
        return found


def publish(
    proposal_id: UUID, *, on: date, reason: str, actor: Actor, at: datetime, tell: Tell = silent
) -> Proposal:
    """Carry out a proposal as of a day. One of our own errors leaves it ready again, with the error in it."""
    found = Proposal.objects.get(id=proposal_id)
    if found.state != Proposal.PUBLISHING:
        return found
    try:
        with transaction.atomic(), in_sets(_is_wide(found)):
            store.lock()
            change = _work_out(found, localdate(at), tell)
            tell("saving", 0, 0)
            _write(found, change, on, reason, actor, at)
            Proposal.objects.filter(id=proposal_id).update(
                state=Proposal.PUBLISHED, step="", published_on=on, error=None
            )
            detail = {
                "name": found.name, "on": on.isoformat(), "reason": reason[:200],
                "created": len(change.plan.created), "closed": len(change.plan.closed),
            }  # fmt: skip
            audit.record(actor=actor, event="gridding.published", subject=str(found.id), detail=detail, at=at)
            outbox.publish([outbox.News("", "places", found.id, "divided", {"on": on.isoformat()}, at)])
    except ShanzhiError as error:
        Proposal.objects.filter(id=proposal_id).update(
            state=Proposal.READY, step="", error=error.as_dict("zh")
        )
    return Proposal.objects.get(id=proposal_id)


def _is_wide(found: Proposal) -> bool:
    return ProposalPart.objects.filter(proposal=found).count() > _FEW


def _work_out(found: Proposal, today: date, tell: Tell) -> _Change:
    parts = {part.community_id: part for part in ProposalPart.objects.filter(proposal=found)}
    tell("reading", 0, len(parts))
    read = instance.read(list(parts), today)
    before = standing(list(parts))
    drawn = outlines(list(parts))
    change = _Change()
    if len(read.communities) != len(parts):
        missing = next(iter(set(parts) - set(read.communities)))
        raise FloorsChanged(name=drawn.names[missing])
    for number, (community, span) in enumerate(zip(read.communities, read.slices(), strict=True)):
        if number % 50 == 0:
            tell("drawing", number, len(parts))
        _community(change, read, span, parts[community], before.get(community, []), drawn)
    return change


def _community(
    change: _Change,
    read: instance.Instance,
    span: slice,
    part: ProposalPart,
    before: list[Standing],
    drawn: Outlines,
) -> None:
    change.standing += before
    label_of = dict(zip(part.floors, part.labels, strict=True))
    ids = read.ids[span]
    if len(ids) != len(label_of) or any(floor not in label_of for floor in ids):
        raise FloorsChanged(name=drawn.names[part.community_id])
    labels = np.array([label_of[floor] for floor in ids], np.int64)
    entries = {entry["label"]: entry for entry in part.microgrids}
    shapes = polygons(read, span, labels, part.community_id, drawn)
    grid_of_label = {label: entry["grid"] for label, entry in entries.items()}
    grids = _grids(change, part, before, shapes, grid_of_label, drawn)
    names = naming.microgrid_names(read, span, labels.tolist())
    place_of = _microgrids(change, part, before, grids, entries, names)
    approximate = drawn.approximate(part.community_id)
    for label, shape in shapes.items():
        _shape(change, place_of[label], shape, approximate)
    by_grid: dict[UUID, list[Any]] = {}
    for label, shape in shapes.items():
        by_grid.setdefault(grids[grid_of_label[label]][0], []).append(shape)
    for grid, pieces in by_grid.items():
        _shape(change, grid, shapely.coverage_union_all(pieces), approximate)
    for area, floor, label, was in zip(
        read.area[span], ids, labels.tolist(), read.microgrid[span].tolist(), strict=True
    ):
        place = place_of[label]
        if was >= 0 and read.microgrids[was] == place:
            continue
        change.joined.append((area, floor, place))
        change.before.append([area, str(floor), str(read.microgrids[was]) if was >= 0 else None])
    _follow(change, read, span, labels, place_of, before)


def _grids(
    change: _Change,
    part: ProposalPart,
    before: list[Standing],
    shapes: Mapping[int, Any],
    grid_of_label: Mapping[int, int],
    drawn: Outlines,
) -> dict[int, tuple[UUID, str]]:
    """The place and code of each grid; an idle grid goes on before a new one is made."""
    standing_grids = {place.id: place for place in before if place.level == Level.GRID}
    used = {UUID(place) for place in part.grids if place is not None}
    idle = [place for place in standing_grids.values() if place.id not in used]
    taken = {place.code for place in before}
    community_code = drawn.codes[part.community_id]
    wanted = sorted(set(grid_of_label.values()))
    found: dict[int, tuple[UUID, str]] = {}
    for index in wanted:
        place = part.grids[index]
        kept = standing_grids.get(UUID(place)) if place else None
        if kept is None and idle:
            middle = shapely.union_all(
                [shapes[label] for label, grid in grid_of_label.items() if grid == index]
            ).centroid
            kept = next((place for place in idle if drawn.holds(place.id, middle)), None) or next(
                (place for place in idle if not drawn.has(place.id)), None
            )
            if kept is not None:
                idle.remove(kept)
        if kept is not None:
            found[index] = kept.id, kept.code
            continue
        code = free_code(taken, community_code)
        taken.add(code)
        made = uuid7()
        name = f"第{naming.in_chinese(int(code[-3:]))}网格"
        change.plan.created.append(Wanted(0, made, Level.GRID, code, name, part.community_id, "", None, None))
        found[index] = made, code
    going = {place for place, _ in found.values()}
    change.plan.closed += [place.id for place in standing_grids.values() if place.id not in going]
    return found


def _microgrids(
    change: _Change,
    part: ProposalPart,
    before: list[Standing],
    grids: Mapping[int, tuple[UUID, str]],
    entries: Mapping[int, Mapping[str, Any]],
    names: Mapping[int, str],
) -> dict[int, UUID]:
    held = {place.id: place for place in before if place.level == Level.MICROGRID}
    taken = {place.code for place in before}
    place_of: dict[int, UUID] = {}
    fresh = []
    for label, entry in sorted(entries.items()):
        kept = held.get(UUID(entry["place"])) if entry["place"] else None
        if kept is None:
            fresh.append(label)
            continue
        grid, grid_code = grids[entry["grid"]]
        place_of[label] = kept.id
        if kept.parent != grid:
            code = free_code(taken, grid_code)
            taken.add(code)
            wanted = Wanted(0, kept.id, Level.MICROGRID, code, kept.name, grid, "", None, None)
            change.plan.renamed.append(wanted)
            change.plan.moved.append(wanted)
            change.plan.changed.add(kept.id)
    for label in fresh:
        grid, grid_code = grids[entries[label]["grid"]]
        code = free_code(taken, grid_code)
        taken.add(code)
        place_of[label] = uuid7()
        change.plan.created.append(
            Wanted(0, place_of[label], Level.MICROGRID, code, names[label], grid, "", None, None)
        )
    going = set(place_of.values())
    change.plan.closed += [place for place in held if place not in going]
    return place_of


def _shape(change: _Change, place: UUID, shape: Any, approximate: bool) -> None:
    inside = shape.representative_point()
    change.shapes.append((place, shapely.to_wkb(shape), approximate, inside.x, inside.y))


def _follow(
    change: _Change,
    read: instance.Instance,
    span: slice,
    labels: Ints,
    place_of: Mapping[int, UUID],
    before: Iterable[Standing],
) -> None:
    """Who takes over from a micro-grid that ends: the one with the most of its households."""
    going = set(place_of.values())
    share: dict[UUID, dict[UUID, int]] = {}
    for at, (was, label) in enumerate(zip(read.microgrid[span].tolist(), labels.tolist(), strict=True)):
        if was >= 0 and read.microgrids[was] not in going:
            taken = share.setdefault(read.microgrids[was], {})
            place = place_of[label]
            taken[place] = taken.get(place, 0) + int(read.households[span.start + at])
    for old in before:
        if old.id in share:
            change.successors[old.id] = max(share[old.id].items(), key=lambda item: (item[1], str(item[0])))[
                0
            ]


def _write(found: Proposal, change: _Change, on: date, reason: str, actor: Actor, at: datetime) -> None:
    heirs = change.successors
    # What ended lies under who goes on, as with a merge.
    nodes = {place.id: place for place in change.standing}
    for old, heir in heirs.items():
        place = nodes[old]
        change.plan.moved.append(
            Wanted(0, old, Level(place.level), place.code, place.name, heir, "", None, None)
        )
    rows = _rows(change, nodes)
    small = len(rows) <= journal.MOST_ROWS and len(change.joined) <= _MOST_FLOORS
    shapes = (
        _shapes_before(
            [row.place for row in rows if "created" not in row.what]
            + [place for place, *_ in change.shapes if place in nodes]
        )
        if small
        else []
    )
    _check_day(change.plan, on)
    errors = store.write(change.plan, on)
    if errors:
        raise InvalidInput(field="on", reason_zh=errors[0].message_zh, reason_en=errors[0].message_en)
    store.set_shapes(change.shapes)
    followed = touching.follow(heirs, on, skip={"households"})
    if small:
        followed |= {"households": {"floors": change.before}, "shapes": shapes}
    hand_over(change.joined, on)
    journal.write(
        kind="divide", rows=rows, keep=small,
        summary=(f"划分微网格：{found.name}", f"divided: {found.name}"), on=on, at=at, actor=actor, reason=reason,
        followed=followed, successors={old: [heir] for old, heir in heirs.items()},
    )  # fmt: skip


def _check_day(plan: Plan, on: date) -> None:
    """Raise InvalidInput when what is recorded since stands against the day."""
    tree = Near()
    settled = [*plan.created, *plan.renamed, *plan.moved]
    tree.nodes.load([*plan.closed, *(w.id for w in settled), *(w.parent for w in settled)])
    found = days.faults(plan, tree, on)
    if found:
        raise InvalidInput(field="on", reason_zh=found[0].zh, reason_en=found[0].en)


def _rows(change: _Change, nodes: Mapping[UUID, Standing]) -> list[journal.Row]:
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


@dataclass(frozen=True)
class Preview:
    """What a publishing would do, in numbers."""

    created: int
    kept: int
    closed: list[Standing]
    moved_households: int
    touches: list[touching.Touched]
    """What lies at the micro-grids that end."""


def preview(found: Proposal, today: date) -> Preview:
    """What publishing the proposal would do (发布预览), without writing."""
    parts = list(
        ProposalPart.objects.filter(proposal=found).values_list("community_id", "microgrids", "grids")
    )
    kept = {UUID(entry["place"]) for _, entries, _ in parts for entry in entries if entry["place"]}
    created = sum(entry["place"] is None for _, entries, _ in parts for entry in entries)
    before = standing([community for community, _, _ in parts])
    closed = [
        place
        for places in before.values()
        for place in places
        if place.level == Level.MICROGRID and place.id not in kept
    ]
    ending = [place.id for place in closed]
    return Preview(
        created, len(kept), closed, int(found.numbers.get("moved", 0)), touching.touched(ending, today)
    )
