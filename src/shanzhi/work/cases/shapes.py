"""What the API says about cases, and how a case becomes it."""

from datetime import datetime
from uuid import UUID

import msgspec
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.clocks import queries as clocks
from shanzhi.city.people import queries as people
from shanzhi.city.places import queries as places
from shanzhi.core.kit.masking import mask_phone
from shanzhi.core.worktime import Limit, Unit, explain
from shanzhi.work.cases import queries
from shanzhi.work.cases.flow import CLOCKS
from shanzhi.work.cases.limits import calendar_of, stage_limits
from shanzhi.work.cases.models import Case
from shanzhi.work.catalogue import queries as catalogue


class RunningClockOut(msgspec.Struct):
    """The clock that runs now."""

    name: str
    zh: str
    en: str
    state: str
    due_at: datetime
    remaining_seconds: int
    warn: bool
    breached: bool


class CaseRowOut(msgspec.Struct):
    """One line of a list."""

    area: str
    id: UUID
    number: str
    kind_zh: str
    kind_en: str
    state: str
    state_zh: str
    state_en: str
    place_name: str
    address: str
    text: str
    due_at: datetime | None
    clock: RunningClockOut | None
    created_at: datetime


class CasePageOut(msgspec.Struct):
    """One page; `next_cursor` is "" on the last."""

    items: list[CaseRowOut]
    next_cursor: str


class QueueOut(msgspec.Struct):
    """A queue with its live counts."""

    code: str
    zh: str
    en: str
    count: int
    urgent: int
    work: bool


class PhotoOut(msgspec.Struct):
    """A photo and what it shows."""

    sha256: str
    stage: str


class EventOut(msgspec.Struct):
    """One line of the timeline."""

    at: datetime
    verb: str
    zh: str
    en: str
    actor_name: str
    unit_name: str
    note: str
    photos: list[str]


class ClockOut(msgspec.Struct):
    """A clock in words."""

    name: str
    zh: str
    en: str
    started_at: datetime
    due_at: datetime
    state: str
    sentence_zh: str
    sentence_en: str


class AllowedOut(msgspec.Struct):
    """A verb that this actor may do now, and what it needs or takes."""

    verb: str
    zh: str
    en: str
    requires: list[str]
    takes: list[str]


class SuggestionOut(msgspec.Struct):
    """The unit that the rules propose, and why."""

    unit_id: UUID
    unit_name: str
    why_zh: str
    why_en: str


class ConditionOut(msgspec.Struct):
    """A filing rule to choose."""

    id: UUID
    kind_zh: str
    kind_en: str
    filing_rule: str
    closing_rule: str
    limit_text: str


class UnitOut(msgspec.Struct):
    """A unit to choose."""

    id: UUID
    name: str


class RatingOut(msgspec.Struct):
    """What the resident said at the end."""

    solved: bool
    stars: int
    text: str
    at: datetime


class CaseOut(CaseRowOut):
    """A case in full, as this actor may see it."""

    version: int
    kind: str
    condition: ConditionOut | None
    unit_name: str
    lon: float | None
    lat: float | None
    phone_masked: str
    may_reveal: bool
    photos: list[PhotoOut]
    timeline: list[EventOut]
    clocks: list[ClockOut]
    allowed_actions: list[AllowedOut]
    suggestion: SuggestionOut | None
    conditions: list[ConditionOut]
    units: list[UnitOut]
    rating: RatingOut | None


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


def row_out(row: queries.Row, at: datetime) -> CaseRowOut:
    """A line of a list."""
    state = queries.state_of(row.state)
    return CaseRowOut(
        area=row.area, id=row.id, number=row.number, kind_zh=row.kind_zh or "未分类",
        kind_en=row.kind_en or row.kind_zh or "not classified", state=row.state, state_zh=state.zh,
        state_en=state.en, place_name=row.place_name, address=row.address, text=row.text, due_at=row.due_at,
        clock=running_clock(row.clock_name, row.due_at, row.warn_at, at), created_at=row.received_at,
    )  # fmt: skip


def _condition_out(found: object) -> ConditionOut | None:
    if found is None:
        return None
    kind = found.kind  # type: ignore[attr-defined]
    return ConditionOut(
        id=found.id, kind_zh=kind.name, kind_en=kind.name_en or kind.name,  # type: ignore[attr-defined]
        filing_rule=found.filing_rule, closing_rule=found.closing_rule, limit_text=found.limit_text,  # type: ignore[attr-defined]
    )  # fmt: skip


def _clocks_out(case: Case, at: datetime) -> list[ClockOut]:
    calendar = calendar_of(case.area)
    out = []
    for clock in clocks.for_subjects(case.area, [case.id]).get(case.id, []):
        zh, en = CLOCKS[clock.name]
        limit = stage_limits()[clock.name].limit
        if limit is None and case.limit_amount is not None:
            limit = Limit(case.limit_amount, Unit(case.limit_unit))
        if limit is None:
            continue
        stood = clocks.pauses(clock, clock.stopped_at or at)
        sentence_zh, sentence_en = explain(calendar, clock.started_at, limit, stood)
        out.append(
            ClockOut(
                clock.name, zh, en, clock.started_at, clock.due_at, clock.state, sentence_zh, sentence_en
            )
        )
    return out


def _conditions_to_choose(case: Case, at: datetime) -> list[ConditionOut]:
    on = localdate(at)
    if case.kind is not None:
        found = catalogue.conditions_for_kind(case.kind.code, on, usable_only=True)
    else:
        found = list(catalogue.conditions_in_force(on).filter(usable=True))
    return [out for rule in found if (out := _condition_out(rule)) is not None]


def _units_to_choose(case: Case, at: datetime) -> tuple[list[UnitOut], SuggestionOut | None]:
    on = localdate(at)
    units = list(people.units_in([_district_of(case, at)], on))
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
    """District, street, community and grid, as one line."""
    on = localdate(at)
    path = [*places.ancestors(case.place_id, on), places.node(case.place_id, on)]
    return " ".join(place.name for place in path if place.level not in {"province", "city"})


def case_out(case: Case, actor: Actor, at: datetime) -> CaseOut:
    """A case as this actor may see it, with what may be done now and what to choose from."""
    edges = queries.allowed(actor, case, at)
    verbs = {edge.verb for edge in edges}
    events = queries.timeline(case)
    units, suggestion = _units_to_choose(case, at) if "dispatch" in verbs else ([], None)
    unit_names = people.unit_names(event.unit_id for event in events if event.unit_id)
    kind, state = case.kind, queries.state_of(case.state)
    rating = queries.rating_of(case)
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
        may_reveal=bool(case.phone) and queries.in_reach(actor, queries.REVEAL, case, at),
        photos=[PhotoOut(photo.sha256, photo.stage) for event in events for photo in event.photos.all()],
        timeline=[
            EventOut(
                at=event.at,
                verb=event.verb,
                zh=queries.verb_label(event.verb)[0],
                en=queries.verb_label(event.verb)[1],
                actor_name=event.actor_name,
                unit_name=unit_names.get(event.unit_id, "") if event.unit_id else "",
                note=event.note,
                photos=[photo.sha256 for photo in event.photos.all()],
            )
            for event in events
        ],
        clocks=_clocks_out(case, at),
        allowed_actions=[
            AllowedOut(edge.verb, edge.zh, edge.en, list(queries.required(case, edge)), queries.takes(edge))
            for edge in edges
        ],
        suggestion=suggestion,
        conditions=_conditions_to_choose(case, at) if "file" in verbs else [],
        units=units,
        rating=RatingOut(rating.solved, rating.stars, rating.text, rating.at) if rating else None,
    )
