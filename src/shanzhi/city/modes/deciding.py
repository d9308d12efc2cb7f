"""Whether an actor may decide for these places, and whether something stands against it there."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import RESPONSE_RENEW
from shanzhi.city.modes import queries
from shanzhi.city.modes.contents import MOST_CONFINED_DAYS
from shanzhi.city.modes.errors import AlreadyLive, ConfinedBefore
from shanzhi.city.modes.flow import LIVE
from shanzhi.city.modes.models import Activation
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import NotFound


def places_within(
    actor: Actor, capability: str, place_ids: Sequence[UUID], on: date, *, closed_too: bool = False
) -> list[tuple[str, str]]:
    """Level and name of places, all of which the actor's posts with the capability reach.

    Raises NotFound for a place that is not there, OutsideYourPlaces for one beyond every post. `closed_too`: a
    response outlives a place that was merged meanwhile.
    """
    rows = Place.objects.filter(id__in=place_ids)
    there = {place.id: place for place in (rows if closed_too else rows.filter(closed_on=None))}
    if len(there) < len(set(place_ids)):
        raise NotFound(field="place_ids")
    if capability not in actor.capabilities:
        below = places.ids_below(actor.place_ids(capability), on)
        for place_id in place_ids:
            if place_id not in below:
                raise OutsideYourPlaces(field="place_ids", name=there[place_id].name)
    return [(str(there[one].level), there[one].name) for one in place_ids]


def tops(place_ids: Sequence[UUID], on: date) -> list[UUID]:
    """These places without those that lie under another of them, in their order."""
    wanted = list(dict.fromkeys(place_ids))
    if len(wanted) == 1:
        return wanted
    return [one for one in wanted if not any(above.id in wanted for above in places.ancestors(one, on))]


def check_not_live(row: Activation, at: datetime) -> None:
    """Whether the same plan is live at none of these places already. Raises AlreadyLive."""
    other = (
        Activation.objects.filter(
            state=LIVE, plan=row.plan, is_drill=row.is_drill, place_ids__overlap=row.place_ids
        )
        .exclude(id=row.id)
        .first()
    )
    if other is not None:
        shared = next(one for one in row.place_ids if one in other.place_ids)
        raise AlreadyLive(field="place_ids", name=Place.objects.get(id=shared).name, number=other.number)


def check_not_confined_before(row: Activation, actor: Actor, at: datetime) -> None:
    """Whether confining these places anew is not a way around the second authority. Raises ConfinedBefore.

    Where people were confined within the last fourteen days, under whatever number, another authority decides:
    somebody who may renew, and who has not approved the earlier one.
    """
    if row.is_drill:
        return
    since = localdate(at) - timedelta(days=MOST_CONFINED_DAYS)
    for earlier in queries.confined_since(row.place_ids, since, at).exclude(id=row.id):
        may = actor.can(RESPONSE_RENEW)
        if not may or actor.account_id in {earlier.proposed_by_id, earlier.approved_by_id}:
            names = dict(Place.objects.filter(id__in=row.place_ids).values_list("id", "name"))
            raise ConfinedBefore(
                field="place_ids",
                name=names[row.place_ids[0]],
                number=earlier.number,
                days=MOST_CONFINED_DAYS,
            )
