"""What a resident reads about a report: plain words, no names, no internal states."""

from datetime import datetime
from uuid import UUID

import msgspec

from shanzhi.city.people import queries as people
from shanzhi.work.cases import queries
from shanzhi.work.cases.case_page import place_name
from shanzhi.work.cases.flow import CLOSED_LOOP, PUBLIC_STEPS, TOLD_OF_REPORT, public_step
from shanzhi.work.cases.models import Case, CaseEvent


class FollowEventOut(msgspec.Struct):
    """One plain sentence and when."""

    at: datetime
    text_zh: str
    text_en: str


class FollowOut(msgspec.Struct):
    """A report as its reporter sees it."""

    number: str
    kind_zh: str
    kind_en: str
    text: str
    place_name: str
    address: str
    state_public_zh: str
    state_public_en: str
    step: int
    steps: int
    due_at: datetime | None
    photos: list[str]
    photos_after: list[str]
    timeline: list[FollowEventOut]
    allowed_actions: list[str]
    rated: bool


_TOLD = {(edge.source, edge.verb): (edge.told_zh, edge.told_en) for edge in CLOSED_LOOP.edges}


def _sentence(event: CaseEvent, units: dict[UUID, str]) -> FollowEventOut | None:
    """What a resident reads of an event; None for what is the desks' own."""
    zh, en = _TOLD.get((event.from_state, event.verb), ("", "")) if event.from_state else TOLD_OF_REPORT
    if not zh:
        return None
    note = event.note if event.public else ""
    unit = units.get(event.named_unit_id or event.unit_id) if event.named_unit_id or event.unit_id else None
    return FollowEventOut(
        event.at,
        zh.format(unit=unit or "责任单位", note=note),
        en.format(unit=unit or "the responsible unit", note=note),
    )


def _with_master(events: list[CaseEvent], masters: list[CaseEvent]) -> list[CaseEvent]:
    """The events of a duplicate, and those of its master between the merge and the common end."""
    merged = max((event.at for event in events if event.verb == "merge"), default=None)
    ended = min((event.at for event in events if event.verb.endswith("_with_master")), default=None)
    shared = [
        event
        for event in masters
        if merged is not None
        and event.at >= merged
        and (ended is None or event.at < ended)
        and event.verb not in ("report", "rate")
    ]
    return sorted([*events, *shared], key=lambda event: (event.at, event.id))


def follow_out(case: Case, at: datetime) -> FollowOut:
    """The case in the resident's words."""
    events = queries.timeline(case)
    # A duplicate goes the way of the case with which it is dealt: what is told of that one is told here too.
    master = queries.master_of(case)
    leading = master if master is not None and case.state == "merged" else case
    if master is not None:
        events = _with_master(events, queries.timeline(master))
    units = people.unit_names(
        found for event in events for found in (event.named_unit_id, event.unit_id) if found
    )
    state = CLOSED_LOOP.state(leading.state)
    photos = [photo for event in events for photo in event.photos.all()]
    kind = case.kind
    return FollowOut(
        number=case.number,
        kind_zh=(kind.resident_zh or kind.name) if kind else "",
        kind_en=(kind.resident_en or kind.name_en or kind.name) if kind else "",
        text=case.text,
        place_name=place_name(case, at),
        address=case.address,
        state_public_zh=state.public_zh,
        state_public_en=state.public_en,
        step=public_step(state.code),
        steps=len(PUBLIC_STEPS),
        due_at=leading.due_at if leading.clock_name == "handle" else None,
        photos=[photo.sha256 for photo in photos if photo.stage == "before"],
        photos_after=[photo.sha256 for photo in photos if photo.stage != "before"],
        timeline=[said for event in events if (said := _sentence(event, units))],
        allowed_actions=["rate"] if case.state == "closed" else [],
        rated=case.state == "rated",
    )
