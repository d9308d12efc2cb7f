"""Every read of responses. What is live where is for everybody in the program; the rest begins with the actor."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLAN_VIEW
from shanzhi.city.modes.contents import LevelContent, read
from shanzhi.city.modes.flow import LIVE, PROPOSED, REFUSED, WITHDRAWN
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import NotFound

MOST_LISTED = 200
# Parameters: list of place ids, the day, the day.
_ABOVE = (
    "SELECT coalesce(array_agg(DISTINCT ancestor_id), '{}') FROM places_placeclosure "
    "WHERE descendant_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)
_BELOW = (
    "SELECT coalesce(array_agg(DISTINCT descendant_id), '{}') FROM places_placeclosure "
    "WHERE ancestor_id = ANY(%s) AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)


def covering(place_ids: Iterable[UUID], on: date) -> Q:
    """Activations of these places or of places above them: what holds there."""
    return Q(place_ids__overlap=RawSQL(f"({_ABOVE})", [list(place_ids), on, on]))


def within(place_ids: Iterable[UUID], on: date) -> Q:
    """Activations of these places or of places below them."""
    return Q(place_ids__overlap=RawSQL(f"({_BELOW})", [list(place_ids), on, on]))


def visible_to(actor: Actor, on: date) -> "QuerySet[Activation]":
    """Responses at or below the actor's places, and what was decided above them; proposals above stay there."""
    grounds = places.reach(actor, PLAN_VIEW)
    if grounds is None:
        return Activation.objects.all()
    if not grounds:
        return Activation.objects.none()
    above = covering(grounds, on) & ~Q(state__in=[PROPOSED, REFUSED, WITHDRAWN])
    return Activation.objects.filter(within(grounds, on) | above)


def in_force(at: datetime) -> "QuerySet[Activation]":
    """What was live at an instant, wherever: also when standing down began later, never past its last day."""
    decided = Activation.objects.filter(live_at__lte=at).filter(Q(ended_at=None) | Q(ended_at__gt=at))
    return decided.filter(Q(last_on=None) | Q(last_on__gte=localdate(at)))


def live_at(place_id: UUID, at: datetime) -> list[Activation]:
    """What is live at a place at an instant, there or above it, drills too: the gravest first, then the oldest."""
    found = in_force(at).filter(covering([place_id], localdate(at)))
    return list(found.order_by("level", "live_at", "id"))


def live_for(place_ids: Collection[UUID], at: datetime) -> list[Activation]:
    """What is live at, above or below some places: what concerns whoever stands there, the gravest first."""
    if not place_ids:
        return []
    on = localdate(at)
    found = in_force(at).filter(covering(place_ids, on) | within(place_ids, on))
    return list(found.order_by("is_drill", "level", "live_at", "id"))


def activation(activation_id: UUID) -> Activation:
    """One activation, whoever asks: for modules that were told of it. Raises NotFound."""
    found = Activation.objects.filter(id=activation_id).first()
    if found is None:
        raise NotFound(field="activation_id")
    return found


def level_of(row: Activation, level: int | None = None) -> LevelContent:
    """A level of an activation's plan as it stood when proposed; without one the present. Raises NotFound."""
    if level is None or level == row.level:
        return read(row.content)
    for one in row.levels:
        if one["level"] == level:
            return read(one)
    raise NotFound(field="level")


def events_of(activation_id: UUID) -> list[ActivationEvent]:
    """What was done to a response, in order: the caller has seen that the reader may see it."""
    return list(ActivationEvent.objects.filter(activation_id=activation_id).order_by("at", "id"))


def begun_of(row: Activation) -> list[dict[str, object]]:
    """Everything that was made for a response, from its events."""
    return [line for event in events_of(row.id) for line in event.made]


def areas_of(place_ids: Iterable[UUID]) -> list[str]:
    """The areas that rows made at these places carry, each once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT coalesce(nullif(area, ''), left(code, 6)) FROM places_place "
            "WHERE id = ANY(%s) ORDER BY 1",
            [list(place_ids)],
        )
        return [area for (area,) in cursor.fetchall()]


def confined_since(place_ids: Collection[UUID], since: date, at: datetime) -> "QuerySet[Activation]":
    """Real responses that confined people at, above or below these places on or after a day."""
    on = localdate(at)
    found = Activation.objects.filter(confined_on__isnull=False, is_drill=False, live_at__isnull=False)
    # The day of its end, and where it had none yet, it is still going on.
    found = found.filter(Q(ended_at=None) | Q(ended_at__date__gte=since))
    return found.filter(covering(place_ids, on) | within(place_ids, on)).order_by("-live_at")


def overdue(at: datetime) -> "QuerySet[Activation]":
    """Responses that are live past their last day: they end by themselves."""
    return Activation.objects.filter(state=LIVE, last_on__lt=localdate(at)).order_by("last_on", "id")
