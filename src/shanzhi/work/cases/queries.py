"""Every read of one case. All start from what the actor may see; lists are in `lists.py`."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CASE_RATE
from shanzhi.city.places import queries as places
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import NotFound
from shanzhi.work.cases.flow import CLOSED_LOOP, PHOTO_VERBS
from shanzhi.work.cases.guards import Facts, refusal
from shanzhi.work.cases.limits import roads
from shanzhi.work.cases.models import Case, CaseEvent, CaseRequest, CaseSupport
from shanzhi.work.cases.reach import in_reach as in_reach
from shanzhi.work.cases.reach import scope, visible_to
from shanzhi.work.cases.reports import secret_of

_VERBS = {edge.verb: (edge.zh, edge.en) for edge in CLOSED_LOOP.edges} | {"report": ("上报", "Reported")}
_MOST_ALIKE = 5


def case_for(actor: Actor, area: str, case_id: UUID, at: datetime) -> Case:
    """One case with what its page needs. Raises NotFound when it is not there or out of sight."""
    rows = visible_to(actor, at).select_related(
        "kind", "condition__kind", "unit", "place", "bundle", "assignee"
    )
    case: Case | None = rows.filter(area=area, id=case_id).first()
    if case is None:
        raise NotFound
    return case


def required(case: Case, edge: Edge) -> tuple[str, ...]:
    """What the edge needs for this case: a photo after handling only where the evidence rule asks for one."""
    photo_needed = edge.verb != "handle" or (case.condition is not None and case.condition.photo_required)
    return tuple(field for field in edge.requires if field != "photos" or photo_needed)


def allowed(actor: Actor, case: Case, at: datetime) -> list[Edge]:
    """The edges that this actor may take now (allowed_actions)."""
    facts = Facts(case.area, [case], at)
    return [edge for edge in CLOSED_LOOP.edges_from(case.state) if refusal(edge, case, actor, facts) is None]


def takes(edge: Edge) -> list[str]:
    """What may be given with the edge: a note with every one, photos where something was done or seen."""
    more = ["photos"] if edge.verb in PHOTO_VERBS else []
    return ["note", *(field for field in edge.requires if field not in {"note", "photos"}), *more]


def verb_label(verb: str) -> tuple[str, str]:
    """Chinese and English name of a verb."""
    return _VERBS[verb]


def timeline(case: Case) -> list[CaseEvent]:
    """What happened, oldest first."""
    return list(
        CaseEvent.objects.filter(area=case.area, case_id=case.id)
        .prefetch_related("photos")
        .order_by("sequence")
    )


def requests_of(case: Case) -> list[CaseRequest]:
    """What was asked about the case, newest first."""
    return list(CaseRequest.objects.filter(area=case.area, case_id=case.id).order_by("-asked_at", "-id"))


def supports_of(case: Case) -> list[CaseSupport]:
    """The units that help or helped, in the order in which they were asked."""
    rows = CaseSupport.objects.filter(area=case.area, case_id=case.id).select_related("unit")
    return list(rows.order_by("asked_at", "id"))


def duplicates_of(case: Case) -> list[Case]:
    """The cases merged into this one, oldest first."""
    rows = Case.objects.filter(area=case.area, master_id=case.id).select_related("kind")
    return list(rows.order_by("received_at", "id"))


def master_of(case: Case) -> Case | None:
    """The case that this one was merged into."""
    if case.master_id is None:
        return None
    found: Case | None = (
        Case.objects.filter(area=case.area, id=case.master_id).select_related("kind", "unit").first()
    )
    return found


def bundled_with(case: Case) -> list[Case]:
    """The other cases of its bundle."""
    if case.bundle_id is None:
        return []
    rows = Case.objects.filter(area=case.area, bundle_id=case.bundle_id).exclude(id=case.id)
    return list(rows.select_related("kind").order_by("number"))


# Open cases of the kind nearby and lately: in the places around, by distance on a plane (metres a degree).
_ALIKE = """
SELECT c.id FROM cases_case c
WHERE c.area = %s AND c.id <> %s AND c.state = ANY(%s) AND c.master_id IS NULL
  AND c.place_id IN (SELECT DISTINCT descendant_id FROM ({below}) below)
  AND (c.kind_id = %s OR %s::uuid IS NULL OR c.kind_id IS NULL)
  AND c.received_at BETWEEN %s AND %s
  AND CASE WHEN c.lon IS NULL OR %s::float8 IS NULL THEN c.place_id = %s AND c.address = %s AND c.address <> ''
      ELSE sqrt(power((c.lat - %s) * 111320, 2) + power((c.lon - %s) * 111320 * cos(radians(c.lat)), 2)) <= %s END
  AND {seen}
ORDER BY (c.kind_id = %s) DESC NULLS LAST, c.received_at LIMIT {most}
"""


def alike(case: Case, actor: Actor, at: datetime) -> list[Case]:
    """Cases that may be the same matter (疑似重复): same kind, near by, lately, still open; oldest first."""
    on, set_ = localdate(at), roads()
    around = places.parent_of(case.place_id, on)
    span = timedelta(hours=set_.duplicate_hours)
    seen, params = scope(actor, on)
    open_states = [
        state.code for state in CLOSED_LOOP.states if not state.final and state.code not in ("merged",)
    ]
    sql = _ALIKE.format(below=places.BELOW_SQL, seen=seen, most=_MOST_ALIKE)
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            [
                case.area, case.id, open_states, [around.id if around else case.place_id], on, on, case.kind_id,
                case.kind_id, case.received_at - span, case.received_at + span, case.lon, case.place_id,
                case.address, case.lat, case.lon, set_.duplicate_metres, *params, case.kind_id,
            ],
        )  # fmt: skip
        ids = [found for (found,) in cursor.fetchall()]
    rows = {one.id: one for one in Case.objects.filter(area=case.area, id__in=ids).select_related("kind")}
    return [rows[found] for found in ids]


def suspended_until(now: datetime, limit: int) -> dict[str, list[UUID]]:
    """Up to `limit` cases whose suspension has ended, by area."""
    found: dict[str, list[UUID]] = {}
    rows = Case.objects.filter(state="suspended", due_at__lte=now).order_by("due_at", "id")[:limit]
    for area, case_id in rows.values_list("area", "id"):
        found.setdefault(area, []).append(case_id)
    return found


def by_number(actor: Actor, numbers: Sequence[str], at: datetime) -> list[Case]:
    """Cases by their numbers, those that the actor sees."""
    rows = visible_to(actor, at).filter(number__in=numbers, area__in={number[:6] for number in numbers})
    return list(rows.select_related("kind").order_by("number"))


def follow(number: str, secret: str) -> Case:
    """A case by its number and secret. Raises NotFound alike for a wrong number and a wrong secret."""
    case = (
        Case.objects.select_related("kind", "place").filter(area=number[:6], number=number).first()
        if len(number) > 6
        else None
    )
    expected = secret_of(case.area, case.id) if case else "0" * 48
    right = hmac.compare_digest(expected.encode(), secret.encode("utf-8", "replace"))
    if case is None or not right:
        raise NotFound(field="number")
    return case


def resident() -> Actor:
    """Whoever holds the secret of a case: may rate it, no more."""
    return Actor(None, "市民", "resident", capabilities=frozenset({CASE_RATE}))
