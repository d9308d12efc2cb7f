"""What the endpoints of reporting take and give."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class DutyEntryIn(msgspec.Struct):
    """A line of the duty log."""

    id: UUID
    kind: str = "call"
    content: str = ""
    called_at: datetime | None = None
    caller_unit: str = ""
    caller_name: str = ""
    caller_phone: str = ""
    proposal: str = ""
    instruction: str = ""
    result: str = ""
    about_id: UUID | None = None
    activation_id: UUID | None = None
    subject_kind: str = ""
    subject_number: str = ""
    place_id: UUID | None = None


class DutyEntryOut(msgspec.Struct):
    """A line, with its additions and corrections. Name and telephone are masked."""

    id: UUID
    area: str
    kind: str
    kind_zh: str
    kind_en: str
    called_at: datetime
    caller_unit: str
    caller_name: str
    caller_phone: str
    content: str
    proposal: str
    instruction: str
    result: str
    activation_id: UUID | None
    activation: str
    subject_kind: str
    subject_area: str
    subject_id: UUID | None
    subject_name: str
    officer: str
    place: str
    at: datetime
    more: list["DutyEntryOut"]


class DutyResponseOut(msgspec.Struct):
    """A response to which a line may belong."""

    id: UUID
    number: str
    title: str


class DutyRoomOut(msgspec.Struct):
    """A place at which the reader is on duty."""

    id: UUID
    name: str


class HandoverIn(msgspec.Struct):
    """A shift to hand over."""

    open_matters: str
    from_at: datetime | None = None
    place_id: UUID | None = None


class HandoverOut(msgspec.Struct):
    """A handover with both names."""

    id: UUID
    place: str
    state: str
    state_zh: str
    state_en: str
    from_at: datetime
    open_matters: str
    given_by: str
    given_at: datetime
    taken_by: str
    taken_at: datetime | None
    may_take: bool
    may_withdraw: bool


class DutyLogOut(msgspec.Struct):
    """The page."""

    entries: list[DutyEntryOut]
    total: int
    rooms: list[DutyRoomOut]
    responses: list[DutyResponseOut]
    handovers: list[HandoverOut]
    officer: str


class DutyRevealIn(msgspec.Struct):
    """Why."""

    reason: str = ""


class DutyRevealOut(msgspec.Struct):
    """Who called, in full."""

    name: str
    phone: str


class ReportDraftIn(msgspec.Struct):
    """A report to draft."""

    kind: str
    is_zero: bool = False
    corrects: UUID | None = None


class ReportEditIn(msgspec.Struct):
    """The fields of a report."""

    happened_at: datetime
    fields: dict[str, str]


class ReportStepIn(msgspec.Struct):
    """Why, or how it was sent."""

    reason: str = ""
    sent_how: str = ""


class ReportVerbOut(msgspec.Struct):
    """What may be done now."""

    verb: str
    zh: str
    en: str
    requires: list[str]


class ReportFieldOut(msgspec.Struct):
    """A field with its names and its text."""

    name: str
    zh: str
    en: str
    most: int
    text: str


class ReportEventOut(msgspec.Struct):
    """A step of a report."""

    verb_zh: str
    verb_en: str
    actor: str
    reason: str
    at: datetime


class UpwardReportOut(msgspec.Struct):
    """A report."""

    id: UUID
    kind: str
    kind_zh: str
    kind_en: str
    sequence: int
    version: int
    is_zero: bool
    is_newest: bool
    state: str
    state_zh: str
    state_en: str
    happened_at: datetime
    fields: list[ReportFieldOut]
    facts: list[dict[str, Any]]
    due_at: datetime | None
    is_late: bool
    drafted_by: str
    drafted_at: datetime
    signed_by: str
    signed_at: datetime | None
    sent_by: str
    sent_at: datetime | None
    sent_how: str
    events: list[ReportEventOut]
    allowed: list[ReportVerbOut]
    may_edit: bool


class ReportDueOut(msgspec.Struct):
    """What is due next: `state` is running, warned or breached."""

    kind: str
    zh: str
    en: str
    due_at: datetime
    warn_at: datetime | None
    state: str
    drafted: bool


class ReportKindOut(msgspec.Struct):
    """A report that may be drafted now."""

    kind: str
    zh: str
    en: str


class ResponseHeadOut(msgspec.Struct):
    """The response that a page is about."""

    id: UUID
    number: str
    title: str
    level: int
    state: str
    state_zh: str
    state_en: str
    is_drill: bool
    places: list[str]
    live_at: datetime | None
    ended_at: datetime | None


class ReportsOut(msgspec.Struct):
    """Reports of a response, and what is due."""

    response: ResponseHeadOut
    due: list[ReportDueOut]
    reports: list[UpwardReportOut]
    may_draft: list[ReportKindOut]
    may_report: bool
    scheme_zh: str
    scheme_en: str


class HappeningOut(msgspec.Struct):
    """A line of the course."""

    at: datetime
    kind: str
    kind_zh: str
    kind_en: str
    who: str
    zh: str
    en: str
    address: str


class HappeningKindOut(msgspec.Struct):
    """What the filter offers."""

    code: str
    zh: str
    en: str
    count: int


class TimelineOut(msgspec.Struct):
    """The course of a response."""

    response: ResponseHeadOut
    kinds: list[HappeningKindOut]
    lines: list[HappeningOut]


class StandingLineOut(msgspec.Struct):
    """A line of the list of standing down."""

    code: str
    zh: str
    en: str
    open: int
    total: int
    address: str
    detail_zh: str
    detail_en: str


class StandDownOut(msgspec.Struct):
    """Standing down: what is still open, and whether the reader may finish."""

    response: ResponseHeadOut
    lines: list[StandingLineOut]
    may_finish: bool
    is_over: bool
