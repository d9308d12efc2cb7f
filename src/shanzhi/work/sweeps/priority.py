"""Priority doors (重点关爱): entered by consent or by statute; shown without the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import LABELS, SWEEP_MANAGE, SWEEP_VISIT
from shanzhi.base.audit import actions as audit
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.work.sweeps import packs
from shanzhi.work.sweeps.models import PriorityDoor

MOST = 500
_WHERE = """
SELECT f.area, f.id, f.homes, coalesce(m.place_id, c.place_id)
FROM unnest(%(areas)s::text[], %(floors)s::uuid[]) AS g (area, id)
JOIN compounds_floor f ON f.area = g.area AND f.id = g.id AND f.closed_on IS NULL
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
LEFT JOIN compounds_membership m ON m.area = f.area AND m.floor_id = f.id AND m.from_on <= %(on)s
  AND (m.to_on IS NULL OR m.to_on > %(on)s)
"""
_LISTED = """
SELECT d.area, d.id, concat_ws(' ', c.name, b.name, nullif(f.stairwell, ''), f.floor || ' 层',
    coalesce((SELECT h.number FROM compounds_home h WHERE h.area = f.area AND h.floor_id = f.id AND NOT h.is_shop
      ORDER BY length(h.number), h.number, h.id OFFSET d.door LIMIT 1), '第 ' || (d.door + 1) || ' 户')),
  d.basis, d.given_by, d.given_at, d.until_on
FROM sweeps_prioritydoor d
JOIN compounds_floor f ON f.area = d.area AND f.id = d.floor_id
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
LEFT JOIN compounds_membership m ON m.area = f.area AND m.floor_id = f.id AND m.from_on <= %(on)s
  AND (m.to_on IS NULL OR m.to_on > %(on)s)
WHERE d.ended_at IS NULL AND (d.until_on IS NULL OR d.until_on >= %(on)s)
  AND (%(all)s OR coalesce(m.place_id, c.place_id) IN ({below}))
ORDER BY c.pinyin, b.name, f.stairwell, f.floor, d.door LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Given:
    """A door as it is given: home `door` (from 0) of a floor, why, on which basis, perhaps until when."""

    area: str
    floor_id: UUID
    door: int
    reason: str
    basis: str
    until_on: date | None = None


def give(doors: Sequence[Given], *, actor: Actor, at: datetime) -> int:
    """List doors to be visited first (登记重点走访户); how many are new. All, or none with an error.

    Whoever visits there, or runs sweeps there, may. Raises InvalidInput naming `doors.<n>`, NotFound, Refused.
    """
    if actor.account_id is None:
        raise Refused(what_zh=LABELS[SWEEP_VISIT][0], what_en=LABELS[SWEEP_VISIT][1])
    on = localdate(at)
    if not 1 <= len(doors) <= MOST:
        raise InvalidInput(field="doors", reason_zh=f"一次 1 至 {MOST} 户。", reason_en=f"1 to {MOST} doors.")
    reasons, bases = packs.reasons(), packs.bases()
    with connection.cursor() as cursor:
        given = {"areas": [one.area for one in doors], "floors": [one.floor_id for one in doors], "on": on}
        cursor.execute(_WHERE, given)
        there = {(area, floor): (homes, place) for area, floor, homes, place in cursor.fetchall()}
    mine = [*actor.place_ids(SWEEP_VISIT), *actor.place_ids(SWEEP_MANAGE)]
    within = places.ids_below(mine, on)
    for n, one in enumerate(doors):
        homes, place = there.get((one.area, one.floor_id), (0, None))
        if place is None or place not in within:
            raise NotFound(field=f"doors.{n}.floor_id")
        if not 0 <= one.door < homes:
            raise InvalidInput(
                field=f"doors.{n}.door",
                reason_zh=f"这一层只有 {homes} 户。",
                reason_en=f"The floor has {homes} homes.",
            )
        reason = reasons.get(one.reason)
        if reason is None or one.basis not in reason.bases or one.basis not in bases:
            raise InvalidInput(
                field=f"doors.{n}.reason", reason_zh="类别或依据不在目录中；只能凭本人同意或法定职责登记。",
                reason_en="Only the listed reasons, by consent or by statute.",
            )  # fmt: skip
        if one.until_on is not None and one.until_on < on:
            raise InvalidInput(
                field=f"doors.{n}.until_on", reason_zh="日期已过。", reason_en="The day has passed."
            )
    with transaction.atomic():
        before = PriorityDoor.objects.filter(ended_at=None).count()
        PriorityDoor.objects.bulk_create(
            [
                PriorityDoor(
                    area=one.area, floor_id=one.floor_id, door=one.door, reason=one.reason, basis=one.basis,
                    given_by_id=actor.account_id, given_by=actor.name[:60], given_at=at, until_on=one.until_on,
                )
                for one in doors
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        new = PriorityDoor.objects.filter(ended_at=None).count() - before
        audit.record(
            actor=actor, event="sweeps.priority-given", area=doors[0].area, subject=str(actor.account_id),
            detail={"doors": new}, at=at,
        )  # fmt: skip
    return new


def end(area: str, row_id: UUID, *, actor: Actor, at: datetime) -> None:
    """Strike a door off (撤销): consent is taken back without a reason. Raises NotFound."""
    if not any(one[1] == row_id and one[0] == area for one in listed(actor, at, limit=100_000)):
        raise NotFound(field="id")
    PriorityDoor.objects.filter(area=area, id=row_id, ended_at=None).update(ended_at=at)
    audit.record(actor=actor, event="sweeps.priority-ended", area=area, subject=str(row_id), at=at)


def listed(actor: Actor, at: datetime, limit: int = MOST) -> list[tuple[object, ...]]:
    """Doors that are visited first, where the actor visits or runs sweeps; without why."""
    grounds = [*actor.place_ids(SWEEP_VISIT), *actor.place_ids(SWEEP_MANAGE)]
    with connection.cursor() as cursor:
        cursor.execute(
            _LISTED.format(
                below="SELECT descendant_id FROM places_placeclosure WHERE ancestor_id = ANY(%(grounds)s) "
                "AND from_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s)"
            ),
            {"on": localdate(at), "all": False, "grounds": grounds, "limit": limit},
        )
        return list(cursor.fetchall())
