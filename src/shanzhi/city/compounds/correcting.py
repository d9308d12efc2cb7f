"""A floor counted anew (楼层更正): what somebody saw at the door, accepted by whoever decides about it."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.audit import actions as audit
from shanzhi.city.compounds import store
from shanzhi.city.compounds.grouping import MOST_HOMES
from shanzhi.city.compounds.models import Building, Compound, Floor
from shanzhi.city.places import touching
from shanzhi.core.kit.errors import InvalidInput, NotFound

_SUM = """
UPDATE compounds_compound c SET households = n.doors FROM (
  SELECT sum(f.homes + f.shops) AS doors FROM compounds_building b
  JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id AND f.closed_on IS NULL
  WHERE b.area = %(area)s AND b.compound_id = %(compound)s AND b.closed_on IS NULL
) n WHERE c.area = %(area)s AND c.id = %(compound)s
"""


def recount_floor(
    area: str, floor_id: UUID, *, homes: int | None = None, shops: int | None = None, reason: str, actor: Actor,
    at: datetime,
) -> None:  # fmt: skip
    """Set how many homes or shops a floor has (更正户数); the caller has checked that the actor may decide it.

    The compound's number follows from its floors. Raises NotFound for a floor that is not there, InvalidInput.
    """
    for given in (homes, shops):
        if given is not None and not 0 <= given <= MOST_HOMES:
            raise InvalidInput(
                field="doors",
                reason_zh=f"户数应为 0 至 {MOST_HOMES}。",
                reason_en=f"From 0 to {MOST_HOMES} doors.",
            )
    with transaction.atomic():
        store.lock()
        floor = Floor.objects.select_for_update().filter(area=area, id=floor_id, closed_on=None).first()
        if floor is None or floor.opened_on > localdate(at):
            raise NotFound(field="floor_id")
        was = {"homes": floor.homes, "shops": floor.shops}
        floor.homes = floor.homes if homes is None else homes
        floor.shops = floor.shops if shops is None else shops
        floor.estimated = False
        floor.save(update_fields=["homes", "shops", "estimated"])
        building = Building.objects.get(area=area, id=floor.building_id)
        compound = Compound.objects.get(area=area, id=building.compound_id)
        with connection.cursor() as cursor:
            cursor.execute(_SUM, {"area": area, "compound": compound.id})
        detail = {"floor": str(floor_id), "was": was, "now": {"homes": floor.homes, "shops": floor.shops}}
        audit.record(
            actor=actor, event="compounds.recounted", area=area, subject=str(compound.id),
            detail=detail | {"reason": reason[:200]}, at=at,
        )  # fmt: skip
        touching.redraw([area])
