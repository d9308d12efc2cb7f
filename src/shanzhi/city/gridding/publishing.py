"""Publishing a proposal (发布): what becomes of every community; `saving` writes it in the same transaction."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import chain
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
from shanzhi.base.rows.wide import ID, INT, array_values, ids_of, raw_ids
from shanzhi.city.compounds.following import Joined, hand_over_new
from shanzhi.city.gridding import instance, naming
from shanzhi.city.gridding.actions import Tell, silent
from shanzhi.city.gridding.errors import FloorsChanged
from shanzhi.city.gridding.models import Proposal, ProposalPart
from shanzhi.city.gridding.saving import MOST_FLOORS, Change, Pieces, write
from shanzhi.city.gridding.shapes import Outlines, outlines
from shanzhi.city.gridding.standing import Standing, standing
from shanzhi.city.places import store
from shanzhi.city.places.levels import Level, free_code
from shanzhi.city.places.succession import Wanted
from shanzhi.core.geometry.dividing import Divided, Drawn, draw
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.core.kit.helpers import Asked, helping
from shanzhi.core.kit.ids import uuid7

Ints = NDArray[np.int64]
_FEW = 10  # communities whose rows are found one by one in no time
_ENOUGH = 250  # communities for helpers: one imports for as long as it takes to draw sixty


@dataclass(frozen=True)
class _Part:
    """A community of the proposal: per floor of the instance its label, and what each label is."""

    id: UUID
    span: slice
    labels: Ints
    entries: dict[int, dict[str, Any]]
    grids: list[str | None]
    place_of: dict[int, UUID]
    """The micro-grid of each label, in ascending order."""

    @property
    def groups(self) -> list[int]:
        """The grids in use, as indices into `grids`."""
        return sorted({entry["grid"] for entry in self.entries.values()})


def publish(
    proposal_id: UUID, *, on: date, reason: str, actor: Actor, at: datetime, tell: Tell = silent
) -> Proposal:
    """Carry out a proposal as of a day. One of our own errors leaves it ready again, with the error in it."""
    found = Proposal.objects.get(id=proposal_id)
    if found.state != Proposal.PUBLISHING:
        return found
    try:
        many = ProposalPart.objects.filter(proposal=found).count()
        wide = many > _FEW
        with transaction.atomic(), in_sets(wide), helping(None if many > _ENOUGH else 0) as ask:
            store.lock()
            change, pieces = _work_out(found, on, localdate(at), tell, ask, wide)
            write(found, change, pieces, tell, on, reason, actor, at)
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


_PARTS = """
SELECT community_id, array_send(floors), array_send(labels), microgrids, grids FROM gridding_proposalpart
WHERE proposal_id = %s
"""


def _work_out(
    found: Proposal, on: date, today: date, tell: Tell, ask: Asked, wide: bool
) -> tuple[Change, Pieces]:
    with connection.cursor() as cursor:
        cursor.execute(_PARTS, [found.id])
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    tell("reading", 0, len(rows))
    read = instance.read(list(rows), today)
    before = standing(list(rows))
    drawn = outlines(list(rows))
    if len(read.communities) != len(rows):
        missing = next(iter(set(rows) - set(read.communities)))
        raise FloorsChanged(name=drawn.names[missing])
    parts = [
        _part(read, span, community, rows[community], before.get(community, []), drawn)
        for community, span in zip(read.communities, read.slices(), strict=True)
    ]
    pieces = Pieces(_drawing(read, parts, drawn, ask), len(parts), tell)
    change = Change()
    _join(change, read, parts)
    # In a large change the floors are on their way while the rest is worked out, and all is drawn meanwhile.
    if wide and change.joined is not None:
        change.handing = hand_over_new(change.joined, on)
    for number, part in enumerate(parts):
        _community(change, read, part, partial(pieces.of, number), before.get(part.id, []), drawn)
    return change, pieces


def _part(
    read: instance.Instance,
    span: slice,
    community: UUID,
    row: tuple[Any, ...],
    before: list[Standing],
    drawn: Outlines,
) -> _Part:
    """Raises FloorsChanged when the floors are not those that were divided."""
    floors, labels = array_values("floors", ID, bytes(row[0])), array_values("labels", INT, bytes(row[1]))
    ids = read.raw[span]
    mine, theirs = np.argsort(ids), np.argsort(floors)
    if len(ids) != len(floors) or (ids[mine] != floors[theirs]).any():
        raise FloorsChanged(name=drawn.names[community])
    ordered = np.empty(len(ids), np.int64)
    ordered[mine] = labels[theirs]
    entries = {entry["label"]: entry for entry in json.loads(row[2])}
    held = {place.id for place in before if place.level == Level.MICROGRID}
    place_of = {}
    for label, entry in sorted(entries.items()):
        kept = UUID(entry["place"]) if entry["place"] else None
        place_of[label] = kept if kept is not None and kept in held else uuid7()
    return _Part(community, span, ordered, entries, json.loads(row[3]), place_of)


_PIECE = 4000  # floors that a helper draws before it tells


def _drawing(read: instance.Instance, parts: Sequence[_Part], drawn: Outlines, ask: Asked) -> Iterator[Drawn]:
    """Have all communities drawn; their polygons in the same order."""
    tasks: list[list[Divided]] = []
    floors = _PIECE
    for part in parts:
        if floors >= _PIECE:
            tasks.append([])
            floors = 0
        floors += part.span.stop - part.span.start
        nth = {index: at for at, index in enumerate(part.groups)}
        tasks[-1].append(
            Divided(
                read.lonlat[part.span], read.building[part.span], part.labels, read.households[part.span],
                np.array([nth[part.entries[label]["grid"]] for label in part.place_of], np.int64),
                drawn.sent.get(part.id),
            )
        )  # fmt: skip
    return chain.from_iterable(ask(draw, [(task,) for task in tasks]))


def _join(change: Change, read: instance.Instance, parts: Sequence[_Part]) -> None:
    """Which floors come to another micro-grid than before."""
    known = raw_ids(read.microgrids)
    was = (
        np.where(read.microgrid >= 0, known[read.microgrid], b"")
        if len(known)
        else np.zeros(len(read.raw), ID)
    )
    will = np.concatenate(
        [raw_ids(list(part.place_of.values()))[_nth(part)] for part in parts] or [np.zeros(0, ID)]
    )
    changed = np.flatnonzero(was != will)
    if not len(changed):
        return
    areas = np.array(read.areas)[read.compound[changed]]
    change.joined = Joined(areas, read.raw[changed], will[changed])
    if len(changed) <= MOST_FLOORS:
        change.before = [
            [area, str(floor), None if number < 0 else str(read.microgrids[number])]
            for area, floor, number in zip(
                areas.tolist(), ids_of(read.raw[changed]), read.microgrid[changed].tolist(), strict=True
            )
        ]


def _nth(part: _Part) -> Ints:
    """Which of the labels each floor has."""
    return np.searchsorted(np.array(list(part.place_of), np.int64), part.labels)


def _community(
    change: Change,
    read: instance.Instance,
    part: _Part,
    shapes: Callable[[], Drawn],
    before: list[Standing],
    drawn: Outlines,
) -> None:
    change.standing += before
    grids = _grids(change, part, before, shapes, drawn)
    names = naming.microgrid_names(read, part.span, part.labels.tolist())
    _microgrids(change, part, before, grids, names)
    change.drawing.append(
        (
            list(part.place_of.values()),
            [grids[index][0] for index in part.groups],
            drawn.approximate(part.id),
        )
    )
    _follow(change, read, part, before)


def _grids(
    change: Change, part: _Part, before: list[Standing], shapes: Callable[[], Drawn], drawn: Outlines
) -> dict[int, tuple[UUID, str]]:
    """The place and code of each grid; an idle grid goes on before a new one is made."""
    standing_grids = {place.id: place for place in before if place.level == Level.GRID}
    used = {UUID(place) for place in part.grids if place is not None}
    idle = [place for place in standing_grids.values() if place.id not in used]
    taken = {place.code for place in before}
    community_code = drawn.codes[part.id]
    found: dict[int, tuple[UUID, str]] = {}
    for nth, index in enumerate(part.groups):
        place = part.grids[index]
        kept = standing_grids.get(UUID(place)) if place else None
        if kept is None and idle:
            middle = shapely.from_wkb(shapes().group[nth]).centroid
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
        change.plan.created.append(Wanted(0, made, Level.GRID, code, name, part.id, "", None, None))
        found[index] = made, code
    going = {place for place, _ in found.values()}
    change.plan.closed += [place.id for place in standing_grids.values() if place.id not in going]
    return found


def _microgrids(
    change: Change,
    part: _Part,
    before: list[Standing],
    grids: Mapping[int, tuple[UUID, str]],
    names: Mapping[int, str],
) -> None:
    held = {place.id: place for place in before if place.level == Level.MICROGRID}
    taken = {place.code for place in before}
    fresh = []
    for label, place_id in part.place_of.items():
        kept = held.get(place_id)
        if kept is None:
            fresh.append(label)
            continue
        grid, grid_code = grids[part.entries[label]["grid"]]
        if kept.parent != grid:
            code = free_code(taken, grid_code)
            taken.add(code)
            wanted = Wanted(0, kept.id, Level.MICROGRID, code, kept.name, grid, "", None, None)
            change.plan.renamed.append(wanted)
            change.plan.moved.append(wanted)
            change.plan.changed.add(kept.id)
    for label in fresh:
        grid, grid_code = grids[part.entries[label]["grid"]]
        code = free_code(taken, grid_code)
        taken.add(code)
        change.plan.created.append(
            Wanted(0, part.place_of[label], Level.MICROGRID, code, names[label], grid, "", None, None)
        )
    going = set(part.place_of.values())
    change.plan.closed += [place for place in held if place not in going]


def _follow(change: Change, read: instance.Instance, part: _Part, before: Iterable[Standing]) -> None:
    """Who takes over from a micro-grid that ends: the one with the most of its households."""
    held = read.microgrid[part.span]
    going = set(part.place_of.values())
    ending = [was for was in np.unique(held[held >= 0]).tolist() if read.microgrids[was] not in going]
    if not ending:
        return
    share: dict[UUID, dict[UUID, int]] = {read.microgrids[was]: {} for was in ending}
    for at in np.flatnonzero(np.isin(held, ending)).tolist():
        taken = share[read.microgrids[held[at]]]
        place = part.place_of[int(part.labels[at])]
        taken[place] = taken.get(place, 0) + int(read.households[part.span.start + at])
    for old in before:
        if old.id in share:
            change.successors[old.id] = max(share[old.id].items(), key=lambda item: (item[1], str(item[0])))[
                0
            ]
