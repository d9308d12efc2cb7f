"""What the endpoints of home isolation take and give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class CareNamedOut(msgspec.Struct):
    """Something to choose."""

    code: str
    zh: str
    en: str
    daily: bool = False


class CareKey(msgspec.Struct):
    """A row, by area and id."""

    area: str
    id: UUID


class CareMemberIn(msgspec.Struct):
    """Somebody of the household."""

    name: str
    relation: str = ""


class CareEmergencyIn(msgspec.Struct):
    """Whom to ring."""

    name: str
    phone: str
    relation: str = ""


class IsolationIn(msgspec.Struct):
    """Begin an isolation, or voluntary monitoring."""

    id: UUID
    place_id: UUID
    name: str
    phone: str
    begun_on: date
    door: str = ""
    compound: CareKey | None = None
    floor_id: UUID | None = None
    household: list[CareMemberIn] = msgspec.field(default_factory=list)
    emergency: list[CareEmergencyIn] = msgspec.field(default_factory=list)
    needs: list[str] = msgspec.field(default_factory=list)
    is_voluntary: bool = False
    may_message: bool = False
    basis: str = ""
    document: str = ""


class CareRegimeOut(msgspec.Struct):
    """A response under which isolation may begin at a place, and what it means from today on."""

    number: str
    title: str
    edition_zh: str
    edition_en: str
    why_zh: str
    why_en: str
    basis: str
    document: str
    last_on: date | None
    isolation_days: int
    may_confine: bool


class CareOptionsOut(msgspec.Struct):
    """What forms offer."""

    needs: list[CareNamedOut]
    symptoms: list[CareNamedOut]
    services: list[CareNamedOut]
    voluntary: bool
    most_days: int
    temperature_limit: float
    may_manage: bool
    may_trace: bool


class CareCountsOut(msgspec.Struct):
    """How many people each duty has."""

    missed: int
    duty: int
    due: int
    transfer: int
    service: int
    release: int
    referred: int
    live: int


class CarePlaceOut(msgspec.Struct):
    """How a place stands."""

    id: UUID
    name: str
    people: int
    missed: int
    duty: int
    transfers: int
    has_below: bool


class CareTodayOut(msgspec.Struct):
    """The desk of today."""

    at: datetime
    counts: CareCountsOut
    places: list[CarePlaceOut]


class CareSlotOut(msgspec.Struct):
    """A check-in that is or was expected."""

    id: UUID
    on_day: date
    window_zh: str
    window_en: str
    opens_at: datetime
    due_at: datetime
    state: str
    missed: bool
    rung_zh: str
    rung_en: str
    done_at: datetime | None


class CareTransferOut(msgspec.Struct):
    """A transfer and what may be done with it."""

    area: str
    id: UUID
    state: str
    state_zh: str
    state_en: str
    why_zh: str
    why_en: str
    asked_at: datetime
    due_at: datetime
    ended_at: datetime | None
    overdue: bool
    actions: list["CareActionOut"]


class CareActionOut(msgspec.Struct):
    """A verb that the caller may do now."""

    verb: str
    zh: str
    en: str
    needs_reason: bool


class CareRowOut(msgspec.Struct):
    """Somebody in a list: masked, with what is to be done."""

    area: str
    id: UUID
    number: str
    name: str
    phone: str
    place: str
    compound: str
    state: str
    state_zh: str
    state_en: str
    release_on: date
    is_drill: bool
    slots: list[CareSlotOut]
    transfer_zh: str
    transfer_en: str


class CarePeopleOut(msgspec.Struct):
    """A page of them."""

    people: list[CareRowOut]
    has_more: bool


class CareServiceOut(msgspec.Struct):
    """A service order."""

    area: str
    id: UUID
    kind_zh: str
    kind_en: str
    text: str
    for_on: date
    daily: bool
    state: str
    state_zh: str
    state_en: str
    taken_by: str
    reason: str
    was_fine: bool | None
    actions: list[CareActionOut]


class CareStandingOut(msgspec.Struct):
    """What is wanted every day."""

    id: UUID
    kind_zh: str
    kind_en: str
    text: str


class CareCheckInOut(msgspec.Struct):
    """What was reported."""

    at: datetime
    source_zh: str
    source_en: str
    by: str
    temperature: float | None
    symptoms_zh: list[str]
    symptoms_en: list[str]
    note: str


class CareTestOut(msgspec.Struct):
    """A test of the schedule: when it is due, and its result if it came."""

    day: int
    due_on: date
    taken_on: date | None
    negative: bool | None


class CareMissingOut(msgspec.Struct):
    """A condition that is not met."""

    zh: str
    en: str


class CareEventOut(msgspec.Struct):
    """A line of the history."""

    at: datetime
    zh: str
    en: str
    actor: str
    text: str


class CareDatesOut(msgspec.Struct):
    """When somebody is free, by which edition, why, and what lacks."""

    edition_zh: str
    edition_en: str
    why_zh: str
    why_en: str
    begun_on: date
    release_on: date
    monitored_until_on: date
    last_on: date | None
    day: int
    missing: list[CareMissingOut]
    tests: list[CareTestOut]


class CarePersonOut(msgspec.Struct):
    """One person's page at the desk: masked, with the history."""

    row: CareRowOut
    is_voluntary: bool
    basis: str
    document: str
    begun_by: str
    begun_at: datetime
    ended_at: datetime | None
    signed_by: str
    may_message: bool
    dates: CareDatesOut
    slots: list[CareSlotOut]
    check_ins: list[CareCheckInOut]
    transfers: list[CareTransferOut]
    services: list[CareServiceOut]
    standing: list[CareStandingOut]
    calls: list[CareEventOut]
    events: list[CareEventOut]
    actions: list[CareActionOut]
    may_touch: bool
    may_manage: bool


class CareReasonIn(msgspec.Struct):
    """Why."""

    reason: str = ""


class CareRevealOut(msgspec.Struct):
    """In full, against a reason; `link` is the person's own page, to be handed over."""

    name: str
    phone: str
    door: str
    household: list[CareMemberIn]
    emergency: list[CareEmergencyIn]
    needs: list[CareNamedOut]
    link: str
    qr: str


class CareBegunOut(msgspec.Struct):
    """What began, and the person's own page."""

    area: str
    id: UUID
    number: str
    link: str
    qr: str


class CareCallIn(msgspec.Struct):
    """What came of ringing somebody up."""

    outcome: str


class CareCheckInIn(msgspec.Struct):
    """A health report; `source` and `slot_id` for staff only."""

    id: UUID
    temperature: float | None = None
    symptoms: list[str] = msgspec.field(default_factory=list)
    note: str = ""
    source: str = ""
    slot_id: UUID | None = None


class CareReportedOut(msgspec.Struct):
    """What came of it."""

    created: bool
    transfer_asked: bool


class CareTestIn(msgspec.Struct):
    """A result."""

    taken_on: date
    result: str


class CareServiceIn(msgspec.Struct):
    """What is wanted."""

    id: UUID
    kind: str
    text: str = ""
    for_on: date | None = None
    daily: bool = False


class CareTaskOut(msgspec.Struct):
    """Something a worker has to do at a door: no more of the person than it takes."""

    area: str
    isolation_id: UUID
    what: str
    what_zh: str
    what_en: str
    name: str
    place: str
    door: str
    since: datetime
    row_id: UUID
    text: str
    state_zh: str
    state_en: str
    actions: list[CareActionOut]


class CareMineOut(msgspec.Struct):
    """A worker's own page."""

    tasks: list[CareTaskOut]
