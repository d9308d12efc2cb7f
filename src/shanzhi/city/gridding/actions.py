"""The verbs of division: the only writers of proposals. What a publishing writes is in `publishing`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.base.rows import array_of
from shanzhi.base.rows.wide import id_array
from shanzhi.city.compounds.estimating import Look, estimate
from shanzhi.city.gridding import bounds, drafting, edits, instance, naming, queries
from shanzhi.city.gridding.errors import STATES, FloorsChanged, NothingToDivide, NotInThatState
from shanzhi.city.gridding.models import Proposal, ProposalEdit, ProposalPart
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.core.kit.errors import Conflict, InvalidInput, NotFound, ShanzhiError
from shanzhi.core.kit.ids import uuid7

Tell = Callable[[str, int, int], None]
MODES = ("fast", "best")


def silent(step: str, done: int, total: int) -> None:
    """Nobody waits."""


@dataclass(frozen=True)
class NewProposal:
    """What is asked for."""

    name: str
    place_ids: Sequence[UUID]
    low: int
    high: int
    target: int
    mode: str = "fast"
    emergency: bool = False


def create(wish: NewProposal, *, actor: Actor, at: datetime) -> Proposal:
    """Ask for a division of some places (新建划分方案). It is worked out by `work_out`.

    Raises Refused, NotFound, OutsideYourPlaces, InvalidInput, NothingToDivide.
    """
    actor.require(PLACE_MANAGE)
    on = localdate(at)
    band = bounds.check(wish.low, wish.high, wish.target)
    if wish.mode not in MODES:
        raise InvalidInput(field="mode", reason_zh="计算方式应为 fast 或 best。", reason_en="fast or best.")
    if not wish.place_ids:
        raise InvalidInput(field="place_ids", reason_zh="请选择范围。", reason_en="Choose the places.")
    found = {place.id: place for place in places.visible_to(actor, on).filter(id__in=wish.place_ids)}
    inside = {place.id for place in places.visible_to(actor, on, PLACE_MANAGE).filter(id__in=wish.place_ids)}
    for place_id in wish.place_ids:
        if place_id not in found:
            raise NotFound(field="place_ids")
        if place_id not in inside:
            raise OutsideYourPlaces(field="place_ids", name=found[place_id].name)
    if not queries.communities_of(wish.place_ids, on):
        raise NothingToDivide(field="place_ids")
    name = " ".join(wish.name.split()) or _called([found[place_id].name for place_id in wish.place_ids], on)
    with transaction.atomic():
        made = Proposal.objects.create(
            name=name[:100], places=list(dict.fromkeys(wish.place_ids)), low=band.low, high=band.high,
            target=band.target, mode=wish.mode, emergency=wish.emergency, created_at=at, created_by=actor.name[:60],
        )  # fmt: skip
        _record(made, "created", actor, at)
    return made


def of_response(activation_id: UUID) -> Proposal | None:
    """The proposal that an activation has begun, if it still stands."""
    rows = Proposal.objects.filter(activation_id=activation_id)
    return rows.exclude(state__in=[Proposal.DISCARDED, Proposal.FAILED]).first()


def create_for_response(
    activation_id: UUID,
    name: str,
    place_ids: Sequence[UUID],
    band: bounds.Bounds,
    *,
    actor: Actor,
    at: datetime,
) -> Proposal | None:
    """Ask for the division that an approved response brings along; None where there are no communities.

    Two people have decided on the response: that it is worked out needs no further right, publishing it does.
    """
    if not queries.communities_of(place_ids, localdate(at)):
        return None
    with transaction.atomic():
        made = Proposal.objects.create(
            name=name[:100], places=list(dict.fromkeys(place_ids)), low=band.low, high=band.high,
            target=band.target, mode="fast", emergency=True, created_at=at, created_by=actor.name[:60],
            activation_id=activation_id,
        )  # fmt: skip
        _record(made, "created", actor, at, activation=str(activation_id))
    return made


def lay_aside(found: Proposal, actor: Actor, at: datetime) -> None:
    """Discard a proposal of a response that has ended, in the caller's transaction."""
    _advance(found, found.version, Proposal.DISCARDED)
    _record(found, "discarded", actor, at)


def _called(names: list[str], on: date) -> str:
    return f"{names[0]}{f'等{len(names)}处' if len(names) > 1 else ''} {on:%Y-%m-%d}"


def work_out(proposal_id: UUID, *, at: datetime, tell: Tell = silent) -> Proposal:
    """Read, divide, write the parts (计算方案). One of our own errors is kept in the proposal, not raised."""
    found = Proposal.objects.get(id=proposal_id)
    if found.state != Proposal.WAITING:
        return found
    Proposal.objects.filter(id=proposal_id).update(state=Proposal.WORKING, step="reading")
    try:
        with transaction.atomic():
            numbers = _work_out(found, localdate(at), tell)
            Proposal.objects.filter(id=proposal_id).update(
                state=Proposal.READY, step="", numbers=numbers, error=None
            )
    except ShanzhiError as error:
        Proposal.objects.filter(id=proposal_id).update(
            state=Proposal.FAILED, step="", error=error.as_dict("zh")
        )
    return Proposal.objects.get(id=proposal_id)


def _work_out(found: Proposal, on: date, tell: Tell) -> dict[str, Any]:
    tell("reading", 0, 0)
    communities = queries.communities_of(found.places, on)
    estimated = estimate(communities, on, Look(**bounds.pack()["estimate"]))
    read = instance.read(communities, on)
    if not len(read.raw):
        raise NothingToDivide(field="place_ids")
    tell("neighbours", 0, len(read.communities))
    assert read.edges is not None
    tell("dividing", 0, len(read.communities))
    draft = drafting.work_out(
        read, bounds.Bounds(found.low, found.high, found.target), bounds.of_grids(), found.mode,
        queries.grids_above(read.microgrids, on), stable=not found.emergency,
    )  # fmt: skip
    tell("writing", 0, len(read.communities))
    _write_parts(found, read, draft)
    return draft.numbers | {
        "estimated": estimated,
        "without_floors": len(communities) - len(read.communities),
    }


def _write_parts(found: Proposal, read: instance.Instance, draft: drafting.Draft) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY gridding_proposalpart (id, area, proposal_id, community_id, floors, labels, microgrids, grids, "
            "households, count, below, above, version) FROM STDIN"
        ) as copy,
    ):
        for number, span in enumerate(read.slices()):
            entries = draft.microgrids[number]
            copy.write_row(
                (
                    uuid7(), read.area(span.start), found.id, read.communities[number], id_array(read.raw[span]),
                    array_of(draft.labels[number].tolist()), json.dumps(entries), json.dumps(draft.grids[number]),
                    sum(entry["households"] for entry in entries), len(entries),
                    sum(entry["households"] < found.low for entry in entries),
                    sum(entry["households"] > found.high for entry in entries), 1,
                )
            )  # fmt: skip


@dataclass(frozen=True)
class NewEdit:
    """A correction as it comes from the desk: floors by their ids."""

    version: int
    kind: str
    floors: Sequence[UUID] = ()
    to: int | None = None
    labels: Sequence[int] = ()
    accept: str = ""


def edit(
    proposal_id: UUID, community_id: UUID, wish: NewEdit, *, actor: Actor, at: datetime
) -> tuple[Proposal, ProposalPart]:
    """Move floors, split or merge micro-grids in a proposal (人工调整).

    Raises Refused, NotFound, NotInThatState, Conflict, FloorsChanged, InvalidInput, NotContiguous, OutOfBand.
    """
    with transaction.atomic():
        found, part = _open_part(proposal_id, community_id, wish.version, actor, at)
        read = instance.read([community_id], localdate(at))
        labels = queries.labels_of(read, part)
        if labels is None:
            raise FloorsChanged(name=places.node(community_id, localdate(at)).name)
        index = {floor: at_ for at_, floor in enumerate(read.ids)}
        if unknown := [floor for floor in wish.floors if floor not in index]:
            raise NotFound(field=f"floors: {unknown[0]}")
        floors = [index[floor] for floor in wish.floors]
        asked = edits.Wish(wish.kind, floors, wish.to, list(wish.labels), wish.accept.strip())
        after = edits.relabelled(labels, asked)
        names = naming.microgrid_names(read, slice(0, len(read.raw)), after.tolist())
        edits.check(
            labels, after, read.households, read.edges[0], low=found.low, high=found.high, names=names,
            accept=asked.accept,
        )  # fmt: skip
        moved = np.flatnonzero(labels != after)
        last = queries.edits_of(part.id, part.area).last()
        ProposalEdit.objects.create(
            area=part.area, part_id=part.id, number=1 + (last.number if last else 0), kind=wish.kind,
            floors=[read.ids[at_] for at_ in moved], before=labels[moved].tolist(), after=after[moved].tolist(),
            was=part.microgrids, accept=asked.accept[:200], actor_id=actor.account_id,
            actor_name=actor.name[:60], at=at,
        )  # fmt: skip
        entries = edits.described(
            after, read.homes, read.shops, part.microgrids, old=labels, low=found.low, high=found.high,
            accept=asked.accept,
        )  # fmt: skip
        _relabel(found, part, read, after, entries)
    return found, part


def undo(
    proposal_id: UUID, community_id: UUID, version: int, *, actor: Actor, at: datetime
) -> tuple[Proposal, ProposalPart]:
    """Take back the newest correction of a community (撤销). Raises as `edit`."""
    with transaction.atomic():
        found, part = _open_part(proposal_id, community_id, version, actor, at)
        newest = queries.last_edit(part.id, part.area)
        if newest is None:
            raise InvalidInput(reason_zh="没有可撤销的调整。", reason_en="There is nothing to take back.")
        read = instance.read([community_id], localdate(at))
        labels = queries.labels_of(read, part)
        if labels is None:
            raise FloorsChanged(name=places.node(community_id, localdate(at)).name)
        index = {floor: at_ for at_, floor in enumerate(read.ids)}
        after = labels.copy()
        moved = [index[floor] for floor in newest.floors]
        after[moved] = newest.before
        last = queries.edits_of(part.id, part.area).last()
        assert last is not None
        ProposalEdit.objects.create(
            area=part.area, part_id=part.id, number=last.number + 1, kind="undo", floors=newest.floors,
            before=newest.after, after=newest.before, was=part.microgrids, undoes=newest.number,
            actor_id=actor.account_id, actor_name=actor.name[:60], at=at,
        )  # fmt: skip
        _relabel(found, part, read, after, newest.was)
    return found, part


def _open_part(
    proposal_id: UUID, community_id: UUID, version: int, actor: Actor, at: datetime
) -> tuple[Proposal, ProposalPart]:
    actor.require(PLACE_MANAGE)
    found = queries.proposal(proposal_id, actor, localdate(at), PLACE_MANAGE)
    must_be(found, Proposal.READY)
    seen = queries.part(found, community_id)
    part = ProposalPart.objects.select_for_update().get(area=seen.area, id=seen.id)
    if part.version != version:
        raise Conflict(field="version")
    return found, part


def _relabel(
    found: Proposal,
    part: ProposalPart,
    read: instance.Instance,
    labels: "np.ndarray[Any, np.dtype[np.int64]]",
    entries: list[dict[str, Any]],
) -> None:
    part.floors, part.labels, part.microgrids = read.ids, labels.tolist(), entries
    part.count = len(entries)
    part.below = sum(entry["households"] < found.low for entry in entries)
    part.above = sum(entry["households"] > found.high for entry in entries)
    part.version += 1
    part.save()


def discard(proposal_id: UUID, version: int, *, actor: Actor, at: datetime) -> Proposal:
    """Lay a proposal aside for good (作废). Raises Refused, NotFound, NotInThatState, Conflict."""
    actor.require(PLACE_MANAGE)
    found = queries.proposal(proposal_id, actor, localdate(at), PLACE_MANAGE)
    must_be(found, Proposal.READY, Proposal.FAILED, Proposal.WAITING)
    with transaction.atomic():
        _advance(found, version, Proposal.DISCARDED)
        _record(found, "discarded", actor, at)
    return found


def begin_publishing(
    proposal_id: UUID, version: int, *, on: date, reason: str, actor: Actor, at: datetime
) -> Proposal:
    """Close a proposal to corrections; `publishing.publish` does the rest. Raises as `discard`, and InvalidInput."""
    actor.require(PLACE_MANAGE)
    found = queries.proposal(proposal_id, actor, localdate(at), PLACE_MANAGE)
    must_be(found, Proposal.READY)
    if on > localdate(at):
        raise InvalidInput(
            field="on", reason_zh="生效日期不得晚于今天。", reason_en="The day must not be after today."
        )
    if not reason.strip():
        raise InvalidInput(field="reason", reason_zh="请填写发布理由。", reason_en="Say why.")
    with transaction.atomic():
        _advance(found, version, Proposal.PUBLISHING)
        _record(found, "publishing", actor, at, on=on.isoformat(), reason=reason[:200])
    return found


def must_be(found: Proposal, *states: str) -> None:
    """Raises NotInThatState."""
    if found.state not in states:
        zh, en = STATES[found.state]
        raise NotInThatState(state_zh=zh, state_en=en)


def _advance(found: Proposal, version: int, state: str) -> None:
    changed = Proposal.objects.filter(id=found.id, version=version, state=found.state).update(
        state=state, version=version + 1, error=None
    )
    if not changed:
        raise Conflict(field="version")
    found.state, found.version = state, version + 1


def _record(found: Proposal, event: str, actor: Actor, at: datetime, **detail: Any) -> None:
    audit.record(
        actor=actor, event=f"gridding.{event}", subject=str(found.id), detail={"name": found.name, **detail},
        at=at,
    )  # fmt: skip
