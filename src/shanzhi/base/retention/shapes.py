"""What the endpoints of retention take and give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class LegalHoldIn(msgspec.Struct):
    """A hold to place: on a response, on a holding, or both."""

    reason: str
    document: str
    activation_id: UUID | None = None
    holding: str = ""
    until_on: date | None = None


class DestructionPlanIn(msgspec.Struct):
    """A destruction to plan."""

    activation_id: UUID
    due_on: date
    basis: str


class DestructionStepIn(msgspec.Struct):
    """Why."""

    reason: str = ""


class DestructionVerbOut(msgspec.Struct):
    """A verb that may be done now."""

    verb: str
    zh: str
    en: str
    requires: list[str]


class LegalHoldOut(msgspec.Struct):
    """A hold."""

    id: UUID
    activation_id: UUID | None
    subject: str
    holding: str
    holding_zh: str
    holding_en: str
    reason: str
    document: str
    until_on: date | None
    placed_by: str
    placed_at: datetime
    lifted_by: str
    lifted_at: datetime | None
    lift_reason: str
    in_force: bool
    may_lift: bool


class HoldingOut(msgspec.Struct):
    """What is held: why, how long, how much of it, how much is too old now."""

    code: str
    zh: str
    en: str
    purpose_zh: str
    purpose_en: str
    data_class: str
    days: int | None
    of_activation: bool
    rows: int
    overdue: int
    hold: str


class DestructionRowOut(msgspec.Struct):
    """A run in a list."""

    id: UUID
    number: str
    scope: str
    activation_id: UUID | None
    subject: str
    title: str
    state: str
    state_zh: str
    state_en: str
    due_on: date
    planned_by: str
    planned_at: datetime
    done_at: datetime | None
    lines: int
    lines_done: int
    destroyed: int


class DestructionLineOut(msgspec.Struct):
    """A holding in a run."""

    holding: str
    zh: str
    en: str
    data_class: str
    days: int | None
    before: datetime | None
    state: str
    counted: int | None
    destroyed: int | None
    remained: int | None
    digest: str
    done_at: datetime | None


class DestructionSignatureOut(msgspec.Struct):
    """Who signed, as what, when."""

    name: str
    role: str
    role_zh: str
    role_en: str
    at: datetime | None


class DestructionEventOut(msgspec.Struct):
    """A step of a run."""

    verb: str
    actor: str
    reason: str
    holding: str
    rows: int | None
    at: datetime


class CertificateCheckOut(msgspec.Struct):
    """Whether the certificate is what sealed history says."""

    right: bool
    events: int
    unsealed: int
    seals: list[int]
    problems_zh: list[str]
    problems_en: list[str]


class DestructionOut(DestructionRowOut):
    """A run: when it is done, its certificate."""

    basis: str
    rule: str
    counted_at: datetime | None
    signatures: list[DestructionSignatureOut]
    digest: str
    items: list[DestructionLineOut]
    holds: list[LegalHoldOut]
    events: list[DestructionEventOut]
    allowed: list[DestructionVerbOut]
    check: CertificateCheckOut | None


class RetentionOut(msgspec.Struct):
    """The page: what is held, holds, runs."""

    holdings: list[HoldingOut]
    holds: list[LegalHoldOut]
    runs: list[DestructionRowOut]
    rule_zh: str
    rule_en: str
    may_sign: bool
