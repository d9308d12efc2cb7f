"""What the endpoints of surge posting take and give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class SkillOut(msgspec.Struct):
    """A skill that may be asked for."""

    code: str
    zh: str
    en: str


class NamedOut(msgspec.Struct):
    """Something with a name: a unit, a place."""

    id: UUID
    name: str


class HomeOut(msgspec.Struct):
    """A community in which somebody may live, and where it lies."""

    id: UUID
    name: str
    above: str


class CompoundRefOut(msgspec.Struct):
    """A compound by its handle."""

    area: str
    id: UUID
    name: str


class NeedOut(msgspec.Struct):
    """A need, how far it is met, and whether the caller may assign people to it."""

    area: str
    id: UUID
    place: NamedOut
    compound: CompoundRefOut | None
    people: int
    met: int
    skills: list[str]
    skills_zh: str
    skills_en: str
    from_on: date
    to_on: date
    task: str
    note: str
    stated_by: str
    may_manage: bool


class OfferOut(msgspec.Struct):
    """Somebody offered; the telephone masked, of the home the community."""

    id: UUID
    unit: NamedOut
    name: str
    phone_masked: str
    skills: list[str]
    skills_zh: str
    skills_en: str
    home: str
    from_on: date
    to_on: date
    state: str
    state_zh: str
    state_en: str
    may_withdraw: bool


class SurgeStateOut(msgspec.Struct):
    """How many people are in a state."""

    state: str
    zh: str
    en: str
    count: int


class SurgeOut(msgspec.Struct):
    """Needs and people in the caller's sight. `offers_total` counts those that the list cut off."""

    may_manage: bool
    units: list[NamedOut]
    skills: list[SkillOut]
    needed: int
    met: int
    states: list[SurgeStateOut]
    needs: list[NeedOut]
    offers: list[OfferOut]
    offers_total: int


class AllowedStepOut(msgspec.Struct):
    """A step that the caller may take now."""

    verb: str
    zh: str
    en: str
    requires: list[str]


class ToldOut(msgspec.Struct):
    """Whether the person was told by text message; `call`: somebody should telephone."""

    code: str
    zh: str
    en: str
    call: bool


class PostingOut(msgspec.Struct):
    """Somebody at a place: for which need, with which first task, why there, and what may be done now."""

    area: str
    id: UUID
    offer_id: UUID
    name: str
    phone_masked: str
    unit: NamedOut
    place: NamedOut
    compound: CompoundRefOut | None
    task: str
    from_on: date
    to_on: date
    state: str
    state_zh: str
    state_en: str
    why_zh: str
    why_en: str
    reported_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    allowed_actions: list[AllowedStepOut]
    told: ToldOut | None


class PostingsOut(msgspec.Struct):
    """Postings; `total` counts those that the list cut off."""

    items: list[PostingOut]
    total: int


class HistoryOut(msgspec.Struct):
    """A step in the history of a person offered."""

    at: datetime
    verb: str
    zh: str
    en: str
    actor_name: str
    reason: str
    place: str


class ProposedOut(msgspec.Struct):
    """Somebody for a need, as the preview shows it."""

    offer_id: UUID
    name: str
    unit: str
    need_area: str
    need_id: UUID
    place: str
    compound: str
    task: str
    from_on: date
    to_on: date
    why_zh: str
    why_en: str


class AssignmentOut(msgspec.Struct):
    """What one click does, or did. `token` is for confirming exactly this."""

    items: list[ProposedOut]
    token: str
    assigned: int
    unmet: int
    left_over: int
    seconds: float


class CompoundKey(msgspec.Struct):
    """Which compound."""

    area: str
    id: UUID


class NeedIn(msgspec.Struct):
    """A need; `to_on` is the first day on which nobody is needed any more."""

    people: int
    from_on: date
    to_on: date
    task: str
    place_id: UUID | None = None
    compound: CompoundKey | None = None
    skills: list[str] = []
    note: str = ""


class HomeIn(msgspec.Struct):
    """Where somebody lives: the community, or a point in WGS-84, which is kept to about a hundred metres."""

    place_id: UUID | None = None
    lon: float | None = None
    lat: float | None = None


class PersonIn(msgspec.Struct):
    """Somebody offered: an account of the unit, or a name and a telephone."""

    name: str = ""
    phone: str = ""
    account_id: UUID | None = None
    skills: list[str] = []
    home: HomeIn | None = None


class OffersIn(msgspec.Struct):
    """People of a unit, for the same days; `place_id`: within which place they may be sent."""

    unit_id: UUID
    people: list[PersonIn]
    from_on: date
    to_on: date
    place_id: UUID | None = None


class NeedKeyIn(msgspec.Struct):
    """Which need."""

    area: str
    id: UUID


class AssignIn(msgspec.Struct):
    """Which needs (none: all open ones), from which day on; the token of the preview that is confirmed."""

    on: date
    needs: list[NeedKeyIn] = []
    token: str = ""


class StepIn(msgspec.Struct):
    """Why."""

    reason: str = ""


class RevealPhoneIn(msgspec.Struct):
    """Why the number is needed."""

    reason: str


class RevealPhoneOut(msgspec.Struct):
    """A telephone number in full."""

    phone: str


class MadeOut(msgspec.Struct):
    """How many were made."""

    made: int


class RowErrorOut(msgspec.Struct):
    """What is wrong in one row of a file."""

    row: int
    field: str
    message_zh: str
    message_en: str


class OffersImportOut(msgspec.Struct):
    """What an import of people did, or would do."""

    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int
    errors: list[RowErrorOut]


class SurgeQuery(msgspec.Struct):
    """Needs under a place; people of a unit, in a state (without it: all who have not returned)."""

    place: UUID | None = None
    unit: UUID | None = None
    state: str = ""
