"""Every read of the duty log and of reports: it begins with what the actor may see."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import get_default_timezone, localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import DUTY_LOG, REPORT_UPWARD, RETENTION_VIEW
from shanzhi.city.modes import queries as modes
from shanzhi.city.modes.flow import LIVE, STANDING_DOWN
from shanzhi.city.modes.models import Activation
from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.command.reporting.flow import ADDITION, CORRECTION
from shanzhi.command.reporting.models import DutyEntry, Handover, UpwardReport
from shanzhi.core.kit.errors import NotFound

MOST_LISTED = 100


def entries_visible_to(actor: Actor, on: date) -> "QuerySet[DutyEntry]":
    """Lines written at or below the actor's duty posts."""
    grounds = places.reach(actor, DUTY_LOG)
    if grounds is None:
        return DutyEntry.objects.all()
    return DutyEntry.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def handovers_visible_to(actor: Actor, on: date) -> "QuerySet[Handover]":
    """Handovers at or below the actor's duty posts."""
    grounds = places.reach(actor, DUTY_LOG)
    if grounds is None:
        return Handover.objects.all()
    return Handover.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def search(
    found: "QuerySet[DutyEntry]",
    *,
    words: str = "",
    from_on: date | None = None,
    to_on: date | None = None,
    activation_id: UUID | None = None,
    kind: str = "",
) -> "QuerySet[DutyEntry]":
    """Narrow by words of any field, by days (both included), by response and by kind."""
    for word in words.split()[:5]:
        anywhere = Q(pk__in=[])
        for name in (
            "content", "caller_unit", "proposal", "instruction", "result", "officer_name", "subject_name",
        ):  # fmt: skip
            anywhere |= Q(**{f"{name}__icontains": word})
        found = found.filter(anywhere)
    zone = get_default_timezone()
    if from_on is not None:
        found = found.filter(called_at__gte=datetime.combine(from_on, datetime.min.time(), zone))
    if to_on is not None:
        end = datetime.combine(to_on + timedelta(days=1), datetime.min.time(), zone)
        found = found.filter(called_at__lt=end)
    if activation_id is not None:
        found = found.filter(activation_id=activation_id)
    return found.filter(kind=kind) if kind else found


def followers(entries: Sequence[DutyEntry]) -> dict[UUID, list[DutyEntry]]:
    """Additions and corrections of each line, oldest first."""
    found: dict[UUID, list[DutyEntry]] = {}
    areas, ids = {one.area for one in entries}, [one.id for one in entries]
    kinds = [ADDITION, CORRECTION]
    for one in DutyEntry.objects.filter(area__in=areas, about_id__in=ids, kind__in=kinds).order_by(
        "at", "id"
    ):
        if one.about_id is not None:
            found.setdefault(one.about_id, []).append(one)
    return found


def room_of(actor: Actor, place_id: UUID | None = None) -> Place | None:
    """The place of the duty post from which somebody writes; with several posts, the one that was named."""
    grounds = actor.place_ids(DUTY_LOG)
    if place_id is not None:
        return Place.objects.filter(id=place_id).first() if place_id in grounds else None
    return Place.objects.filter(id__in=grounds[:1]).first()


def response_for(actor: Actor, activation_id: UUID, on: date) -> Activation:
    """A response in the actor's sight. Raises NotFound."""
    found = modes.visible_to(actor, on).filter(id=activation_id).first()
    if found is None:
        raise NotFound(field="activation_id")
    return found


def responses_open(actor: Actor, at: datetime) -> list[Activation]:
    """Responses to which a line of the log may belong: live, or standing down, in sight."""
    return list(modes.visible_to(actor, localdate(at)).filter(state__in=[LIVE, STANDING_DOWN])[:50])


def reports_visible_to(actor: Actor, on: date) -> "QuerySet[UpwardReport]":
    """Reports on responses in sight."""
    return UpwardReport.objects.filter(activation__in=modes.visible_to(actor, on))


def reports_for(activation_id: UUID) -> list[UpwardReport]:
    """The reports of one response, oldest first: the caller has seen that the reader may see it."""
    rows = UpwardReport.objects.filter(activation_id=activation_id)
    return list(rows.order_by("drafted_at", "id"))


def may_report(actor: Actor, activation: Activation, on: date) -> bool:
    """Whether the actor reports on this response: a post that does stands at, above or below its places."""
    grounds = places.reach(actor, REPORT_UPWARD)
    if grounds is None:
        return True
    if not grounds:
        return False
    near = modes.within(grounds, on) | modes.covering(grounds, on)
    return Activation.objects.filter(near, id=activation.id).exists()


def retained_sight(actor: Actor, on: date) -> list[UUID] | None:
    """Responses whose data a post of retention answers for: at, above or below its places."""
    grounds = places.reach(actor, RETENTION_VIEW)
    if grounds is None:
        return None
    if not grounds:
        return []
    near = modes.within(grounds, on) | modes.covering(grounds, on)
    return list(Activation.objects.filter(near).values_list("id", flat=True))
