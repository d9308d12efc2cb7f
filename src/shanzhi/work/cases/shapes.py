"""What the API says about cases."""

from datetime import datetime
from uuid import UUID

import msgspec


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
    version: int
    closing_rule: str
    unit_name: str
    open_requests: int


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
    named: str
    until_at: datetime | None


class ClockOut(msgspec.Struct):
    """A clock in words."""

    name: str
    zh: str
    en: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
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
    unit_name: str


class UnitOut(msgspec.Struct):
    """A unit to choose."""

    id: UUID
    name: str


class PersonOut(msgspec.Struct):
    """A colleague to choose."""

    id: UUID
    name: str


class LinkedCaseOut(msgspec.Struct):
    """Another case that this one has to do with."""

    area: str
    id: UUID
    number: str
    kind_zh: str
    kind_en: str
    state_zh: str
    state_en: str
    address: str
    text: str
    created_at: datetime


class RequestOut(msgspec.Struct):
    """What was asked about the case, and what came of it."""

    kind: str
    zh: str
    en: str
    state: str
    state_zh: str
    state_en: str
    asked_name: str
    asked_at: datetime
    note: str
    until_at: datetime | None
    due_at: datetime | None
    cited: ConditionOut | None
    consents: int
    consents_needed: int
    decided_name: str
    decided_at: datetime | None
    answer: str


class SupportOut(msgspec.Struct):
    """A unit that helps."""

    unit_id: UUID
    unit_name: str
    note: str
    asked_at: datetime
    done_at: datetime | None
    released_at: datetime | None
    result: str


class BundleOut(msgspec.Struct):
    """The bundle of a case and the others in it."""

    id: UUID
    name: str
    due_at: datetime
    cases: list[LinkedCaseOut]


class RatingOut(msgspec.Struct):
    """What the resident said at the end."""

    solved: bool
    stars: int
    text: str
    at: datetime


class CaseOut(CaseRowOut):
    """A case in full, as this actor may see it."""

    kind: str
    condition: ConditionOut | None
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
    colleagues: list[PersonOut]
    rating: RatingOut | None
    assignee_name: str
    requests: list[RequestOut]
    refused_returns: int
    refusals_before_ruling: int
    extensions: int
    supports: list[SupportOut]
    master: LinkedCaseOut | None
    duplicates: list[LinkedCaseOut]
    alike: list[LinkedCaseOut]
    bundle: BundleOut | None
    close_zh: str
    close_en: str
    is_overdue: bool
    is_exempt: bool
