"""How a case becomes what its page and its line in a list say."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CASE_HANDLE, CASE_REVEAL
from shanzhi.base.clocks import queries as clocks
from shanzhi.city.people import queries as people
from shanzhi.city.places import queries as places
from shanzhi.core.kit.masking import mask_phone
from shanzhi.core.worktime import explain
from shanzhi.work.cases import emergency, queries
from shanzhi.work.cases.flow import CLOCKS, CLOSED_LOOP
from shanzhi.work.cases.guards import rating_of
from shanzhi.work.cases.limits import calendar_of, handling, limit_of, roads
from shanzhi.work.cases.lists import Row
from shanzhi.work.cases.models import Case, CaseEvent, CaseRequest, CloseKind, RequestState
from shanzhi.work.cases.roads import ASKED
from shanzhi.work.cases.shapes import (
    AllowedOut,
    BundleOut,
    CaseOut,
    CaseRowOut,
    ClockOut,
    ConditionOut,
    EventOut,
    LinkedCaseOut,
    PersonOut,
    PhotoOut,
    RatingOut,
    RequestOut,
    RunningClockOut,
    SuggestionOut,
    SupportOut,
    UnitOut,
)
from shanzhi.work.catalogue import offering
from shanzhi.work.catalogue import queries as catalogue
from shanzhi.work.catalogue.models import Condition


def running_clock(
    name: str, due_at: datetime | None, warn_at: datetime | None, at: datetime
) -> RunningClockOut | None:
    """The running clock as of `at`."""
    if not name or due_at is None:
        return None
    zh, en = CLOCKS[name]
    return RunningClockOut(
        name=name, zh=zh, en=en, state="running", due_at=due_at,
        remaining_seconds=int((due_at - at).total_seconds()),
        warn=warn_at is not None and warn_at <= at < due_at, breached=due_at <= at,
    )  # fmt: skip


def row_out(row: Row, at: datetime) -> CaseRowOut:
    """A line of a list."""
    state = CLOSED_LOOP.state(row.state)
    return CaseRowOut(
        area=row.area, id=row.id, number=row.number, kind_zh=row.kind_zh or "未分类",
        kind_en=row.kind_en or row.kind_zh or "not classified", state=row.state, state_zh=state.zh,
        state_en=state.en, place_name=row.place_name, address=row.address, text=row.text, due_at=row.due_at,
        clock=running_clock(row.clock_name, row.due_at, row.warn_at, at), created_at=row.received_at,
        version=row.version, closing_rule=row.closing_rule, unit_name=row.unit_name,
        open_requests=row.open_requests,
    )  # fmt: skip


def _condition_out(found: Condition | None) -> ConditionOut | None:
    if found is None:
        return None
    return ConditionOut(
        id=found.id, kind_zh=found.kind.name, kind_en=found.kind.name_en or found.kind.name,
        filing_rule=found.filing_rule, closing_rule=found.closing_rule, limit_text=found.limit_text,
        unit_name=found.unit_name,
    )  # fmt: skip


def linked_out(case: Case) -> LinkedCaseOut:
    """Another case, in short."""
    state, kind = CLOSED_LOOP.state(case.state), case.kind
    return LinkedCaseOut(
        area=case.area, id=case.id, number=case.number, kind_zh=kind.name if kind else "未分类",
        kind_en=(kind.name_en or kind.name) if kind else "not classified", state_zh=state.zh, state_en=state.en,
        address=case.address, text=case.text[:120], created_at=case.received_at,
    )  # fmt: skip


def _clocks_out(case: Case, at: datetime) -> list[ClockOut]:
    calendar = calendar_of(case.area)
    found = clocks.for_subjects(case.area, [case.id]).get(case.id, [])
    pauses = clocks.pauses_of(case.area, [clock.id for clock in found], at)
    own = handling(case.limit_amount, case.limit_unit, case.extensions)
    basis = emergency.basis_of(case)
    out = []
    for clock in found:
        zh, en = CLOCKS[clock.name]
        limit = emergency.own_of(case, clock.name) or limit_of(clock.name, own)
        if limit is None or (clock.name == "handle" and case.bundle is not None):
            until = clock.due_at.astimezone(calendar.zone())
            said = (f"到 {until:%m-%d %H:%M} 为止", f"until {until:%Y-%m-%d %H:%M}")
        else:
            said = explain(calendar, clock.started_at, limit, pauses.get(clock.id, []))
            if clock.name in basis:
                said = (
                    said[0] + basis[clock.name][0] + "。",
                    f"{said[1]} {basis[clock.name][1].capitalize()}.",
                )
        out.append(
            ClockOut(
                clock.name,
                zh,
                en,
                clock.started_at,
                clock.due_at,
                clock.stopped_at,
                clock.state,
                said[0],
                said[1],
            )
        )
    return out


def _request_out(row: CaseRequest, cited: dict[UUID, Condition]) -> RequestOut:
    asked = ASKED[row.kind]
    state_zh, state_en = str(RequestState(row.state).label).rsplit(" ", 1)
    return RequestOut(
        kind=row.kind, zh=asked.zh, en=asked.en, state=row.state, state_zh=state_zh, state_en=state_en.lower(),
        asked_name=row.asked_name, asked_at=row.asked_at, note=row.note, until_at=row.until_at,
        due_at=row.due_at, cited=_condition_out(cited.get(row.condition_id)) if row.condition_id else None,
        consents=row.consents, consents_needed=asked.consents, decided_name=row.decided_name,
        decided_at=row.decided_at, answer=row.answer,
    )  # fmt: skip


def _requests_out(case: Case) -> list[RequestOut]:
    rows = queries.requests_of(case)
    cited = catalogue.conditions_by_id(row.condition_id for row in rows if row.condition_id)
    return [_request_out(row, cited) for row in rows]


def _conditions_to_choose(case: Case, verbs: set[str], at: datetime) -> list[ConditionOut]:
    """Rules to file under, or to cite when handing back: those of the kind, the case's own first."""
    on = localdate(at)
    if not verbs & {"file", "ask_return"}:
        return []
    if case.kind is not None:
        found = catalogue.conditions_for_kind(case.kind.code, on, usable_only=True)
    else:
        offered = offering.offered_at(case.place_id, on, at)
        rules = catalogue.conditions_in_force(on).filter(usable=True)
        found = list(rules.filter(Q(kind__only_in_response=False) | Q(kind_id__in=offered)))
    rules = [out for rule in found if (out := _condition_out(rule)) is not None]
    return sorted(rules, key=lambda rule: rule.id != case.condition_id)


def _units_to_choose(case: Case, at: datetime) -> tuple[list[UnitOut], SuggestionOut | None]:
    on = localdate(at)
    units = [unit for unit in people.units_in([_district_of(case, at)], on) if unit.id != case.unit_id]
    suggestion = None
    if case.condition_id is not None:
        unit, why_zh, why_en = catalogue.responsible_unit(case.condition_id, case.place_id, on)
        if unit is not None:
            suggestion = SuggestionOut(unit.id, unit.name, why_zh, why_en)
            if unit.id not in {found.id for found in units}:
                units = [unit, *units]
    return [UnitOut(unit.id, unit.name) for unit in units], suggestion


def _district_of(case: Case, at: datetime) -> UUID:
    """The district in which a case lies: its units are those to choose from."""
    above = places.ancestors(case.place_id, localdate(at))
    return next((place.id for place in above if place.level == "county"), case.place_id)


def place_name(case: Case, at: datetime) -> str:
    """District, street, community and grid, as one line: of a place that has ended, as it was last."""
    on = places.last_day(case.place_id, localdate(at))
    path = [*places.ancestors(case.place_id, on), case.place]
    return " ".join(place.name for place in path if place.level not in {"province", "city"})


def case_out(case: Case, actor: Actor, at: datetime) -> CaseOut:
    """A case as this actor may see it, with what may be done now and what to choose from."""
    edges = queries.allowed(actor, case, at)
    verbs = {edge.verb for edge in edges}
    events = queries.timeline(case)
    choosing = verbs & {"dispatch", "reassign", "add_support", "release_support"}
    units, suggestion = _units_to_choose(case, at) if choosing else ([], None)
    named = _names(events)
    kind, state = case.kind, CLOSED_LOOP.state(case.state)
    rating, master = rating_of(case), queries.master_of(case)
    close_zh, close_en = str(CloseKind(case.close_kind).label).split(" ", 1)
    return CaseOut(
        area=case.area,
        id=case.id,
        number=case.number,
        kind_zh=kind.name if kind else "未分类",
        kind_en=(kind.name_en or kind.name) if kind else "not classified",
        state=case.state,
        state_zh=state.zh,
        state_en=state.en,
        place_name=place_name(case, at),
        address=case.address,
        text=case.text,
        due_at=case.due_at,
        clock=running_clock(case.clock_name, case.due_at, case.warn_at, at),
        created_at=case.received_at,
        version=case.version,
        kind=kind.code if kind else "",
        condition=_condition_out(case.condition),
        unit_name=case.unit.name if case.unit else "",
        lon=case.lon,
        lat=case.lat,
        phone_masked=mask_phone(case.phone) if case.phone else "",
        may_reveal=bool(case.phone) and queries.in_reach(actor, CASE_REVEAL, case, at),
        photos=[PhotoOut(photo.sha256, photo.stage) for event in events for photo in event.photos.all()],
        timeline=[
            EventOut(
                at=event.at,
                verb=event.verb,
                zh=queries.verb_label(event.verb)[0],
                en=queries.verb_label(event.verb)[1],
                actor_name=event.actor_name,
                unit_name=named.get(event.unit_id, ""),
                note=event.note,
                photos=[photo.sha256 for photo in event.photos.all()],
                named=next(
                    (
                        named[found]
                        for found in (event.named_unit_id, event.named_account_id, event.named_case_id)
                        if found in named
                    ),
                    "",
                ),
                until_at=event.until_at,
            )
            for event in events
        ],
        clocks=_clocks_out(case, at),
        allowed_actions=[
            AllowedOut(edge.verb, edge.zh, edge.en, list(queries.required(case, edge)), queries.takes(edge))
            for edge in edges
        ],
        suggestion=suggestion,
        conditions=_conditions_to_choose(case, verbs, at),
        units=units,
        colleagues=[
            PersonOut(one.id, one.display_name)
            for one in people.holders(case.unit_id, CASE_HANDLE, localdate(at))
            if one.id != case.assignee_id
        ]
        if "forward" in verbs
        else [],
        rating=RatingOut(rating.solved, rating.stars, rating.text, rating.at) if rating else None,
        closing_rule=case.condition.closing_rule if case.condition else "",
        open_requests=case.open_requests,
        assignee_name=case.assignee.display_name if case.assignee else "",
        requests=_requests_out(case),
        refused_returns=case.refused_returns,
        refusals_before_ruling=roads().refused_returns,
        extensions=case.extensions,
        supports=[
            SupportOut(
                row.unit_id, row.unit.name, row.note, row.asked_at, row.done_at, row.released_at, row.result
            )
            for row in queries.supports_of(case)
        ],
        master=linked_out(master) if master else None,
        duplicates=[linked_out(one) for one in queries.duplicates_of(case)],
        alike=[linked_out(one) for one in queries.alike(case, actor, at)] if "merge" in verbs else [],
        bundle=BundleOut(
            case.bundle.id,
            case.bundle.name,
            case.bundle.due_at,
            [linked_out(one) for one in queries.bundled_with(case)],
        )
        if case.bundle
        else None,
        close_zh=close_zh if case.close_kind else "",
        close_en=close_en if case.close_kind else "",
        is_overdue=case.is_overdue,
        is_exempt=case.is_exempt,
    )


def _names(events: list[CaseEvent]) -> dict[UUID | None, str]:
    """Units, colleagues and cases that events name."""
    names: dict[UUID | None, str] = dict(
        people.unit_names(
            found for event in events for found in (event.unit_id, event.named_unit_id) if found
        )
    )
    names.update(people.account_names(event.named_account_id for event in events if event.named_account_id))
    cases = {event.named_case_id for event in events if event.named_case_id}
    if cases:
        rows = Case.objects.filter(area=events[0].area, id__in=cases)
        names.update(rows.values_list("id", "number"))
    return names
