"""Corrections of the registry (数据更正): what visits found wrong, accepted or not by whoever runs the sweep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SWEEP_MANAGE
from shanzhi.city.compounds.correcting import recount_floor
from shanzhi.city.compounds.models import Floor
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.texts import text_of
from shanzhi.work.sweeps import queries
from shanzhi.work.sweeps.addresses import Door, addresses_of
from shanzhi.work.sweeps.errors import AlreadySettled, CannotCorrect
from shanzhi.work.sweeps.flow import FollowKind, FollowState, Unit
from shanzhi.work.sweeps.models import FollowUp, Piece, Sweep

WHATS = {
    "not_there": ("没有这一户", "No such door"),
    "more_doors": ("户数多于登记", "More doors than registered"),
    "fewer_doors": ("户数少于登记", "Fewer doors than registered"),
    "other": ("其他", "Something else"),
}


@dataclass(frozen=True)
class Line:
    """A correction with its door in words, and how many doors are registered there."""

    row: FollowUp
    title: str
    place: str
    door: Door
    doors_now: int | None


def listed(actor: Actor, state: str, at: datetime, limit: int = queries.MOST_LISTED) -> list[Line]:
    """Corrections in sight in a state, the oldest first."""
    rows = list(
        queries.follow_ups_visible_to(actor, localdate(at))
        .filter(kind=FollowKind.WRONG, state=state)
        .order_by("made_at", "id")[:limit]
    )
    return lines_of(rows)


def lines_of(rows: Sequence[FollowUp]) -> list[Line]:
    """These corrections, with what surrounds them."""
    pieces = {one.id: one for one in Piece.objects.filter(id__in={row.piece_id for row in rows})}
    addresses = addresses_of(pieces.values())
    titles = dict(Sweep.objects.filter(id__in={row.sweep_id for row in rows}).values_list("id", "title"))
    names = dict(Place.objects.filter(id__in={row.place_id for row in rows}).values_list("id", "name"))
    doors = {row.id: addresses.door(row.piece_id, row.door) for row in rows}
    floors = {
        one.id: one
        for one in Floor.objects.filter(
            area__in={row.area for row in rows}, id__in={door.unit_id for door in doors.values()}
        )
    }
    found = []
    for row in rows:
        door, floor = doors[row.id], floors.get(doors[row.id].unit_id)
        now = None if floor is None else floor.shops if door.kind == Unit.SHOP else floor.homes
        found.append(Line(row, titles.get(row.sweep_id, ""), names.get(row.place_id, ""), door, now))
    return found


def settle(
    area: str, row_id: UUID, accept: bool, *, doors: int | None, reason: str, actor: Actor, at: datetime
) -> FollowUp:
    """Accept a correction into the registry, or dismiss it with a reason (采纳/不采纳更正).

    Raises Refused, NotFound, AlreadySettled, CannotCorrect, InvalidInput.
    """
    actor.require(SWEEP_MANAGE)
    said = text_of(reason, "reason", "理由", "The reason", 200, needed=not accept)
    with transaction.atomic():
        seen = queries.follow_ups_visible_to(actor, localdate(at)).filter(area=area, id=row_id)
        if not seen.filter(kind=FollowKind.WRONG).exists():
            raise NotFound(field="id")
        row = FollowUp.objects.select_for_update().get(area=area, id=row_id)
        if row.state != FollowState.WAITING:
            raise AlreadySettled
        if accept:
            _apply(row, doors, said or "走访核实", actor, at)
        row.state = FollowState.ACCEPTED if accept else FollowState.DISMISSED
        row.settled_at, row.settled_by, row.reason = at, actor.name[:60], said
        row.save(update_fields=["state", "settled_at", "settled_by", "reason"])
    return row


def _apply(row: FollowUp, doors: int | None, reason: str, actor: Actor, at: datetime) -> None:
    if Sweep.objects.filter(id=row.sweep_id, is_drill=True).exists():
        raise CannotCorrect
    [line] = lines_of([row])
    if line.door.kind not in {Unit.HOME, Unit.SHOP} or line.doors_now is None:
        raise CannotCorrect
    wanted = doors if doors is not None else row.doors
    if wanted is None and row.what == "not_there":
        wanted = max(0, line.doors_now - 1)
    if wanted is None:
        raise InvalidInput(
            field="doors", reason_zh="请填写实际户数。", reason_en="Say how many doors there are."
        )
    homes, shops = (None, wanted) if line.door.kind == Unit.SHOP else (wanted, None)
    recount_floor(row.area, line.door.unit_id, homes=homes, shops=shops, reason=reason, actor=actor, at=at)
