"""What the endpoints of rosters take and give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class RosterPlaceOut(msgspec.Struct):
    """A place with its name."""

    id: UUID
    name: str


class RosterTemplateOut(msgspec.Struct):
    """A template to begin from, in words."""

    code: str
    zh: str
    en: str
    about_zh: str
    about_en: str


class RosterOptionsOut(msgspec.Struct):
    """What a new roster may be made of, and the rules of rest."""

    templates: list[RosterTemplateOut]
    rest_hours: float
    week_hours: float


class RosterNumbersOut(msgspec.Struct):
    """From now on, in sight: shifts, people wanted and there, shifts with a gap, people on post, people late."""

    shifts: int
    wanted: int
    held: int
    gaps: int
    on_post: int
    late: int


class RosterRowOut(msgspec.Struct):
    """A roster of a list."""

    id: UUID
    name: str
    template: str
    places: list[RosterPlaceOut]
    from_on: date
    to_on: date | None
    is_drill: bool
    of_response: bool
    signs_on: bool
    late_minutes: int
    tells_lead: bool
    ended_at: datetime | None
    end_reason: str
    made_by: str
    may_manage: bool
    numbers: RosterNumbersOut


class RosterActionOut(msgspec.Struct):
    """What the caller may do to a turn now."""

    verb: str
    zh: str
    en: str
    requires: list[str]


class RosterTurnOut(msgspec.Struct):
    """Somebody on a shift."""

    area: str
    id: UUID
    person_id: UUID
    name: str
    has_account: bool
    state: str
    state_zh: str
    state_en: str
    is_late: bool
    is_mine: bool
    signed_on_at: datetime | None
    ended_at: datetime | None
    handover: str
    swap_asked_at: datetime | None
    swap_reason: str
    allowed_actions: list[RosterActionOut]


class RosterShiftOut(msgspec.Struct):
    """A post at a place for some hours; `gap` is how many are missing."""

    area: str
    id: UUID
    roster_id: UUID
    place: RosterPlaceOut
    post_zh: str
    post_en: str
    name_zh: str
    name_en: str
    begins_at: datetime
    ends_at: datetime
    people: int
    gap: int
    is_over: bool
    may_manage: bool
    turns: list[RosterTurnOut]


class RostersOut(msgspec.Struct):
    """Rosters in sight, and who has not signed on."""

    may_manage: bool
    rosters: list[RosterRowOut]
    late: list[RosterShiftOut]


class RosterOut(msgspec.Struct):
    """A roster with the shifts of some days; `total` counts those that the list cut off."""

    row: RosterRowOut
    from_on: date
    days: int
    shifts: list[RosterShiftOut]
    total: int


class RosterTellingIn(msgspec.Struct):
    """Whether the lead gets a text message when a shift is not begun in time."""

    on: bool


class RosterHandoverOut(msgspec.Struct):
    """What was handed over at a post."""

    name: str
    note: str
    at: datetime


class MyShiftOut(msgspec.Struct):
    """A turn of one's own: where, when, with whom, and what was handed over before."""

    roster: str
    is_drill: bool
    signs_on: bool
    shift: RosterShiftOut
    turn: RosterTurnOut
    handovers: list[RosterHandoverOut]


class RosterIn(msgspec.Struct):
    """A roster to begin; `to_on` is the first day on which it is no longer wanted."""

    template: str
    place_ids: list[UUID]
    from_on: date
    to_on: date
    name: str = ""


class RosterProposedOut(msgspec.Struct):
    """Somebody for a shift, as the preview shows it."""

    name: str
    place: str
    post_zh: str
    post_en: str
    begins_at: datetime
    ends_at: datetime


class RosterProposalOut(msgspec.Struct):
    """Who would take what; `token` is for confirming exactly this, `total` counts those that the list cut off."""

    items: list[RosterProposedOut]
    total: int
    unfilled: int
    people: int
    token: str


class RosterTokenIn(msgspec.Struct):
    """The proposal that is confirmed."""

    token: str


class RosterDoneOut(msgspec.Struct):
    """How many turns were given."""

    made: int


class RosterReasonIn(msgspec.Struct):
    """Why."""

    reason: str


class RosterCandidateOut(msgspec.Struct):
    """Somebody who may take a shift: how near, hours on duty in the weeks around it, and whether they have rested."""

    person_id: UUID
    name: str
    near_zh: str
    near_en: str
    hours: float
    is_rested: bool


class RosterAssignIn(msgspec.Struct):
    """Who takes it."""

    person_id: UUID


class RosterOtherIn(msgspec.Struct):
    """The turn with which one is swapped."""

    area: str
    id: UUID


class RosterStepIn(msgspec.Struct):
    """What comes with a step."""

    reason: str = ""
    note: str = ""
    other: RosterOtherIn | None = None
