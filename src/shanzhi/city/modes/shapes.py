"""What the endpoints of responses take and give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class ResponsePlaceOut(msgspec.Struct):
    """A place by id and name."""

    id: UUID
    name: str
    level: str
    level_zh: str
    level_en: str


class ResponseLineOut(msgspec.Struct):
    """A line of a preview or of what was done; `wrong` stops an activation."""

    part: str
    part_zh: str
    part_en: str
    zh: str
    en: str
    count: int | None
    wrong: bool
    subject_id: UUID | None
    address: str


class ResponseSaidOut(msgspec.Struct):
    """A sentence in both languages."""

    zh: str
    en: str


class ResponseLevelOut(msgspec.Struct):
    """A level of the plan that is live: its words and its limits."""

    level: int
    numeral: str
    zh: str
    en: str
    entry: list[ResponseSaidOut]
    measures: list[ResponseSaidOut]
    release: list[ResponseSaidOut]
    confines: bool
    largest: str
    largest_zh: str
    largest_en: str
    most_days: int


class ResponseActionOut(msgspec.Struct):
    """A verb that the caller may do now, with the inputs that it asks for."""

    verb: str
    zh: str
    en: str
    requires: list[str]


class ResponseEventOut(msgspec.Struct):
    """What was done, when, by whom, why, and what it made."""

    at: datetime
    verb: str
    zh: str
    en: str
    actor_name: str
    reason: str
    document: str
    level: int
    last_on: date | None
    made: list[ResponseLineOut]


class ResponseRowOut(msgspec.Struct):
    """A response in a list."""

    id: UUID
    number: str
    plan: str
    plan_version: int
    hazard: str
    title: str
    title_en: str
    level: int
    numeral: str
    level_zh: str
    level_en: str
    state: str
    state_zh: str
    state_en: str
    places: list[ResponsePlaceOut]
    is_drill: bool
    is_compulsory: bool
    last_on: date | None
    proposed_by: str
    proposed_at: datetime
    live_at: datetime | None
    ended_at: datetime | None


class ResponseOut(msgspec.Struct):
    """One response, whole. `limit_on` is the latest last day that an extension may set."""

    row: ResponseRowOut
    basis: str
    document: str
    why_so_large: str
    exit_zh: str
    exit_en: str
    exit_phone: str
    approved_by: str
    renewed_by: str
    limit_on: date | None
    present: ResponseLevelOut
    levels: list[ResponseLevelOut]
    events: list[ResponseEventOut]
    actions: list[ResponseActionOut]
    renew_limit_on: date | None


class ResponseStepIn(msgspec.Struct):
    """What goes with a verb."""

    reason: str = ""
    level: int | None = None
    last_on: date | None = None
    document: str = ""
    basis: str = ""
    why_so_large: str = ""


class ResponsePreviewOut(msgspec.Struct):
    """What a level would do: what begins with counts, what stays, what ends."""

    begins: list[ResponseLineOut]
    stays: list[ResponseLineOut]
    ends: list[ResponseLineOut]
    wrong: bool


class BannerOut(msgspec.Struct):
    """A response for the band on top of the desk: what holds where the person stands."""

    id: UUID
    number: str
    title: str
    title_en: str
    level: int
    numeral: str
    level_zh: str
    level_en: str
    places: list[str]
    is_drill: bool
    last_on: date | None
    opens: str
    may_open: bool
