"""What the endpoints of the fenced store take and give. There is no shape of a file: nothing leaves it."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class ContactFactIn(msgspec.Struct):
    """A typed fact."""

    kind: str
    value: str
    on_day: date | None = None


class ContactPersonIn(msgspec.Struct):
    """Somebody of a task."""

    id: UUID
    name: str
    last_exposed_on: date
    phone: str = ""
    found_through: UUID | None = None
    facts: list[ContactFactIn] = msgspec.field(default_factory=list)


class ContactLeadKeyIn(msgspec.Struct):
    """Which lead."""

    area: str
    id: UUID


class ContactTaskIn(msgspec.Struct):
    """A task around one case, perhaps opened from a lead, which is settled by it."""

    community_id: UUID
    case: ContactPersonIn
    lead: ContactLeadKeyIn | None = None


class ContactFactsIn(msgspec.Struct):
    """More facts."""

    facts: list[ContactFactIn]


class ContactRevealIn(msgspec.Struct):
    """For which purpose, and why."""

    purpose: str
    reason: str


class ContactReasonIn(msgspec.Struct):
    """Why."""

    reason: str


class ContactNamedOut(msgspec.Struct):
    """Something to choose."""

    code: str
    zh: str
    en: str


class ContactTaskOut(msgspec.Struct):
    """A task, with how many people; nobody's name."""

    area: str
    id: UUID
    number: str
    community: str
    document: str
    opened_by: str
    opened_at: datetime
    destroy_at: datetime
    people: int


class ContactLeadOut(msgspec.Struct):
    """A household with a positive re-test: where, how many people, since when. Looking at it was logged."""

    area: str
    id: UUID
    community_id: UUID
    community: str
    door: str
    people: int
    found_on: date
    made_at: datetime
    destroy_at: datetime


class ContactTasksOut(msgspec.Struct):
    """The tasks of the caller's communities, and what may be chosen."""

    tasks: list[ContactTaskOut]
    leads: int
    purposes: list[ContactNamedOut]
    kinds: list[ContactNamedOut]


class ContactFactOut(msgspec.Struct):
    """A fact."""

    kind_zh: str
    kind_en: str
    value: str
    on_day: date | None


class ContactPersonOut(msgspec.Struct):
    """Somebody, masked."""

    area: str
    id: UUID
    number: str
    degree: int
    degree_zh: str
    degree_en: str
    name: str
    phone: str
    state: str
    state_zh: str
    state_en: str
    found_through: UUID | None
    last_exposed_on: date
    observe_until_on: date
    destroy_at: datetime
    facts: list[ContactFactOut]


class ContactTaskPageOut(msgspec.Struct):
    """A task with its people: looking at it was logged."""

    task: ContactTaskOut
    basis: str
    people: list[ContactPersonOut]


class ContactLinkOut(msgspec.Struct):
    """Somebody one hop away, and by what."""

    person: ContactPersonOut
    kinds_zh: list[str]
    kinds_en: list[str]


class ContactRevealOut(msgspec.Struct):
    """In full, and the address of the person's own page."""

    name: str
    phone: str
    link: str


class ContactReferredOut(msgspec.Struct):
    """The care desk has it now."""

    number: str


class ContactReadOut(msgspec.Struct):
    """Somebody looked: by post, when, what for."""

    post_zh: str
    post_en: str
    purpose_zh: str
    purpose_en: str
    at: datetime


class ContactSelfOut(msgspec.Struct):
    """A person's own page: what is held of them, until when, and who looked at it."""

    number: str
    name: str
    degree_zh: str
    degree_en: str
    last_exposed_on: date
    observe_until_on: date
    destroy_at: datetime
    basis: str
    document: str
    readers: list[ContactReadOut]
    hotline: str
