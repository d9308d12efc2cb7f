"""Who sees which cases, and for which a capability holds."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CASE_SUPPORT, CASE_VIEW
from shanzhi.city.places import queries as places
from shanzhi.work.cases.models import Case, CaseSupport

Sql = tuple[str, list[Any]]

# Cases that a unit supports. Parameter: list of unit ids.
SUPPORTED_SQL = (
    "SELECT 1 FROM cases_casesupport s WHERE s.area = c.area AND s.case_id = c.id AND s.released_at IS NULL "
    "AND s.unit_id = ANY(%s)"
)


def _everywhere(actor: Actor, capability: str) -> bool:
    """Whether the actor holds it without a post. Partners' keys have scopes but no ground: they reach no case."""
    return capability in actor.capabilities and actor.channel != "partner"


def grounds(actor: Actor, capability: str) -> tuple[list[UUID], list[UUID]]:
    """The places, and the units, for which the actor's posts grant the capability."""
    posts = actor.posts_with(capability)
    units = [post.unit_id for post in posts if post.unit_id is not None]
    return [post.place_id for post in posts if post.unit_id is None], units


def scope(actor: Actor, on: date, capability: str = CASE_VIEW) -> Sql:
    """SQL over `c` (cases): within the places of the actor's posts, or of the actor's units.

    A post that stands for a unit sees the cases that the unit has or supports; every other post what lies under
    its place.
    """
    if _everywhere(actor, capability):
        return "TRUE", []
    at_places, units = grounds(actor, capability)
    parts: list[str] = []
    params: list[Any] = []
    if at_places:
        parts.append(f"c.place_id IN ({places.BELOW_SQL})")
        params += [at_places, on, on]
    if units:
        parts.append(f"c.unit_id = ANY(%s) OR EXISTS ({SUPPORTED_SQL})")
        params += [units, units]
    return ("(" + " OR ".join(parts) + ")" if parts else "FALSE"), params


def visible_to(actor: Actor, at: datetime) -> "QuerySet[Case]":
    """The cases that the actor may see: every read of one case starts here."""
    if _everywhere(actor, CASE_VIEW):
        return Case.objects.all()
    sql, params = scope(actor, localdate(at))
    inside = f"EXISTS (SELECT 1 FROM cases_case c WHERE c.area = cases_case.area AND c.id = cases_case.id AND {sql})"
    return Case.objects.filter(RawSQL(inside, params, output_field=BooleanField()))


class Reach:
    """Answers of one actor after another about one day's tree, each looked up once."""

    def __init__(self, at: datetime) -> None:
        self.on = localdate(at)
        self._within: dict[tuple[UUID, tuple[UUID, ...]], bool] = {}

    def holds(self, actor: Actor, capability: str, case: Case) -> bool:
        """Whether the actor holds the capability for this very case."""
        if _everywhere(actor, capability):
            return True
        at_places, units = grounds(actor, capability)
        if case.unit_id is not None and case.unit_id in units:
            return True
        if units and capability in (CASE_VIEW, CASE_SUPPORT) and self._supports(units, case):
            return True
        return bool(at_places) and self._is_within(case.place_id, tuple(at_places))

    def _supports(self, units: list[UUID], case: Case) -> bool:
        rows = CaseSupport.objects.filter(
            area=case.area, case_id=case.id, unit_id__in=units, released_at=None
        )
        return bool(rows.exists())

    def _is_within(self, place_id: UUID, at_places: tuple[UUID, ...]) -> bool:
        key = (place_id, at_places)
        if key not in self._within:
            self._within[key] = places.is_within(place_id, at_places, self.on)
        return self._within[key]


def in_reach(actor: Actor, capability: str, case: Case, at: datetime) -> bool:
    """Whether the actor holds the capability for this very case."""
    return Reach(at).holds(actor, capability, case)
