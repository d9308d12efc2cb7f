"""Every read of surge posting. All start from what the actor may see."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import shapely
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SURGE_MANAGE, SURGE_OFFER
from shanzhi.city.people.models import Unit
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place
from shanzhi.city.surge.flow import FREE
from shanzhi.city.surge.models import Need, Offer, Posting
from shanzhi.core.kit.errors import NotFound, Refused

Point = tuple[float, float]

# Parameters: list of place ids, the day, the day.
_ABOVE_SQL = (
    "SELECT ancestor_id FROM places_placeclosure "
    "WHERE descendant_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)


def require_any(actor: Actor) -> None:
    """Raise Refused unless the actor has to do with surge posting at all."""
    if not (actor.can(SURGE_MANAGE) or actor.can(SURGE_OFFER)):
        raise Refused(what_zh="查看干部下沉", what_en="see surge postings")


def _grounds(actor: Actor, capability: str) -> list[UUID] | None:
    """Places from which the capability reaches down; a post that stands for a unit reaches that unit alone."""
    if capability in actor.capabilities:
        return None
    return [post.place_id for post in actor.posts_with(capability) if post.unit_id is None]


def needs_visible_to(actor: Actor, on: date) -> "QuerySet[Need]":
    """Needs under the places that the actor manages; whoever offers people sees those of the places of the unit."""
    grounds = _grounds(actor, SURGE_MANAGE)
    if grounds is None:
        return Need.objects.all()
    units = Unit.objects.filter(id__in=actor.unit_ids(SURGE_OFFER)).values_list("place_id", flat=True)
    return Need.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [[*grounds, *units], on, on]))


def needs_managed_by(actor: Actor, on: date) -> "QuerySet[Need]":
    """Needs for which the actor may assign people."""
    grounds = _grounds(actor, SURGE_MANAGE)
    if grounds is None:
        return Need.objects.all()
    return Need.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def offers_visible_to(actor: Actor, on: date) -> "QuerySet[Offer]":
    """People of the actor's units, and people who may be sent to, or within, the places that the actor manages."""
    grounds = _grounds(actor, SURGE_MANAGE)
    if grounds is None:
        return Offer.objects.all()
    mine = Q(unit_id__in=actor.unit_ids(SURGE_OFFER))
    if grounds:
        mine |= Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))
        mine |= Q(place_id__in=RawSQL(_ABOVE_SQL, [grounds, on, on]))
    return Offer.objects.filter(mine)


def postings_visible_to(actor: Actor, on: date) -> "QuerySet[Posting]":
    """Postings under the places that the actor manages, of the actor's units, and the actor's own."""
    grounds = _grounds(actor, SURGE_MANAGE)
    if grounds is None:
        return Posting.objects.all()
    mine = Q(offer__unit_id__in=actor.unit_ids(SURGE_OFFER))
    if actor.account_id is not None:
        mine |= Q(offer__account_id=actor.account_id)
    return Posting.objects.filter(mine | Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on])))


def units_to_offer_for(actor: Actor, on: date) -> "QuerySet[Unit]":
    """The units in whose name the actor offers people."""
    grounds = _grounds(actor, SURGE_OFFER)
    if grounds is None:
        return Unit.objects.order_by("code")
    inside = Q(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))
    return Unit.objects.filter(Q(id__in=actor.unit_ids(SURGE_OFFER)) | inside).order_by("code")


def unit_to_offer_for(actor: Actor, unit_id: UUID, on: date) -> Unit:
    """One of them. Raises NotFound."""
    found = units_to_offer_for(actor, on).filter(id=unit_id).first()
    if found is None:
        raise NotFound(field="unit_id")
    return found


def met(needs: Iterable[Need]) -> dict[UUID, int]:
    """Need id -> how many people are there, or on their way."""
    wanted = list(needs)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.need_id, count(*) FROM surge_posting p JOIN surge_need n "
            "ON n.area = p.area AND n.id = p.need_id "
            "WHERE p.area = ANY(%s) AND p.need_id = ANY(%s) AND p.ended_at IS NULL GROUP BY p.need_id",
            [list({need.area for need in wanted}), [need.id for need in wanted]],
        )
        return dict(cursor.fetchall())


def communities_of(place_ids: Iterable[UUID], on: date) -> dict[UUID, UUID]:
    """Place id -> the community in which it lies; places above a community are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.descendant_id, k.ancestor_id FROM places_placeclosure k "
            "JOIN places_place p ON p.id = k.ancestor_id AND p.level = %s "
            "WHERE k.descendant_id = ANY(%s) AND k.from_on <= %s AND (k.to_on IS NULL OR k.to_on > %s)",
            [str(Level.COMMUNITY), list(set(place_ids)), on, on],
        )
        return dict(cursor.fetchall())


def pairs_within(below: Iterable[UUID], above: Iterable[UUID], on: date) -> set[tuple[UUID, UUID]]:
    """The pairs (descendant, ancestor) among these places, a place with itself included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT descendant_id, ancestor_id FROM places_placeclosure WHERE descendant_id = ANY(%s) "
            "AND ancestor_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)",
            [list(set(below)), list(set(above)), on, on],
        )
        return set(cursor.fetchall())


def points_of(place_ids: Iterable[UUID]) -> dict[UUID, Point]:
    """Place id -> its WGS-84 point, or one inside its boundary; places that have neither are left out."""
    found: dict[UUID, Point] = {}
    rows = Place.objects.filter(id__in=set(place_ids)).values_list("id", "lon", "lat", "boundary")
    for place_id, lon, lat, boundary in rows:
        if lon is not None and lat is not None:
            found[place_id] = (lon, lat)
        elif boundary:
            inside = shapely.from_wkb(bytes(boundary)).representative_point()
            found[place_id] = (inside.x, inside.y)
    return found


def free_offers(actor: Actor, on: date) -> "QuerySet[Offer]":
    """People in the actor's sight who can be assigned from a day on, the actor left out."""
    free = offers_visible_to(actor, on).filter(state__in=FREE, to_on__gt=on)
    return free if actor.account_id is None else free.exclude(account_id=actor.account_id)


def open_needs(actor: Actor, on: date) -> "QuerySet[Need]":
    """Needs that the actor may fill, not withdrawn and not over on a day."""
    return needs_managed_by(actor, on).filter(withdrawn_at=None, to_on__gt=on)


def names_of(place_ids: Iterable[UUID], on: date) -> dict[UUID, str]:
    """Place id -> its name on the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, coalesce(v.name, p.name) FROM places_place p LEFT JOIN places_placeversion v "
            "ON v.place_id = p.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s) WHERE p.id = ANY(%s)",
            [on, on, list(set(place_ids))],
        )
        return dict(cursor.fetchall())


def held_on(rows: "QuerySet[Posting]", on: date) -> "QuerySet[Posting]":
    """The postings of a day."""
    return rows.filter(from_on__lte=on, to_on__gt=on)
