"""What the endpoints of orders take and give."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class OrderNamedOut(msgspec.Struct):
    """A code with its words in both languages."""

    code: str
    zh: str
    en: str


class OrderPlaceOut(msgspec.Struct):
    """A place by id and name."""

    id: UUID
    name: str


class OrderCompoundOut(msgspec.Struct):
    """A compound that an order names."""

    area: str
    id: UUID
    name: str


class AskOut(msgspec.Struct):
    """A question that goes with an answer."""

    code: str
    zh: str
    en: str
    kind: str
    choices: list[str]
    required: bool


class TemplateOut(msgspec.Struct):
    """A template that fills a new order."""

    code: str
    zh: str
    en: str
    title: str
    sentence: str
    body: str
    post_kinds: list[str]
    ladder: str
    minutes: int
    answers: list[str]
    asks: list[AskOut]
    hazard: str
    household_rule: str


class HouseholdRuleOut(msgspec.Struct):
    """Which households an order may be about; with `chosen`, in compounds that it names."""

    code: str
    zh: str
    en: str
    chosen: bool


class OrderStepOut(msgspec.Struct):
    """A rung as the pack has it."""

    kind: str
    kind_zh: str
    kind_en: str
    channel: str
    after_seconds: int
    per_second: int | None


class LadderOut(msgspec.Struct):
    """A ladder that may be chosen."""

    code: str
    zh: str
    en: str
    rungs: list[OrderStepOut]


class OrderOptionsOut(msgspec.Struct):
    """Everything that a composer offers to choose from."""

    templates: list[TemplateOut]
    ladders: list[LadderOut]
    post_kinds: list[OrderNamedOut]
    skills: list[OrderNamedOut]
    answers: list[OrderNamedOut]
    channels: list[str]
    household_rules: list[HouseholdRuleOut]


class OrderDraftIn(msgspec.Struct):
    """An order as it is typed; `outline` is a GeoJSON polygon, `supersedes` the order that it corrects."""

    title: str
    sentence: str
    place_ids: list[UUID]
    post_kinds: list[str]
    until_at: datetime
    ladder: str
    body: str = ""
    outline: dict[str, Any] | None = None
    skills: list[str] = msgspec.field(default_factory=list)
    answers: list[str] = msgspec.field(default_factory=lambda: ["acknowledged", "done", "cannot"])
    asks: list[dict[str, Any]] = msgspec.field(default_factory=list)
    template: str = ""
    is_drill: bool = False
    supersedes: UUID | None = None
    household_rule: str = "all"
    compound_ids: list[UUID] = msgspec.field(default_factory=list)


class OrderStepIn(msgspec.Struct):
    """A verb: its reason where one is asked for, and how many people the preview showed."""

    reason: str = ""
    seen: int | None = None


class OrderCountOut(msgspec.Struct):
    """How many people of a kind, or in a district."""

    code: str
    zh: str
    en: str
    count: int


class OrderWarningOut(msgspec.Struct):
    """What the composer warns of."""

    zh: str
    en: str


class OrderPromiseOut(msgspec.Struct):
    """What the promise needs of a ladder, as computed: see `promise.Plan`; `curve` is seconds and people."""

    seconds: int
    asleep_share: float
    first_most: int
    people: int
    is_kept: bool
    reached: int
    first_seconds: int
    remaining: int
    needed_rate: int | None
    needed_factor: float | None
    curve: list[tuple[int, int]]


class PreviewOut(msgspec.Struct):
    """Whom an order would reach, and whether its ladder can keep the promise.

    `promise` is for the channels that are configured, `promise_full` as if the whole ladder were.
    """

    people: int
    households: int
    kinds: list[OrderCountOut]
    areas: list[OrderCountOut]
    with_phone: int
    warnings: list[OrderWarningOut]
    promise: OrderPromiseOut | None
    promise_full: OrderPromiseOut | None


class ActionOut(msgspec.Struct):
    """A verb that the caller may do now, and whether it asks for a reason."""

    verb: str
    zh: str
    en: str
    needs_reason: bool


class RungOut(msgspec.Struct):
    """A rung of an order, what it wanted and what became of its messages."""

    position: int
    kind: str
    kind_zh: str
    kind_en: str
    channel: str
    after_seconds: int
    per_second: int | None
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    state: str
    state_zh: str
    state_en: str
    wanted: int | None
    messages: dict[str, int]
    may_stop: bool


class OrderEventOut(msgspec.Struct):
    """A line of the log."""

    at: datetime
    verb: str
    verb_zh: str
    verb_en: str
    actor: str
    reason: str


class OrderNumbersOut(msgspec.Struct):
    """How far an order got: sent = delivered + failed + pending, always."""

    people: int
    sent: int
    delivered: int
    failed: int
    pending: int
    acknowledged: int
    working: int
    done: int
    cannot: int


class OrderRowOut(msgspec.Struct):
    """An order of a list."""

    id: UUID
    number: str
    title: str
    sentence: str
    state: str
    state_zh: str
    state_en: str
    is_drill: bool
    places: list[OrderPlaceOut]
    until_at: datetime
    drafted_by: str
    drafted_at: datetime
    issued_at: datetime | None
    numbers: OrderNumbersOut


class OrderOut(msgspec.Struct):
    """One order, whole."""

    row: OrderRowOut
    body: str
    outline: dict[str, Any] | None
    post_kinds: list[OrderNamedOut]
    skills: list[OrderNamedOut]
    answers: list[str]
    asks: list[AskOut]
    ladder: str
    template: str
    confirmed_by: str
    ended_at: datetime | None
    people: int | None
    households: int | None
    supersedes: OrderPlaceOut | None
    superseded_by: OrderPlaceOut | None
    rungs: list[RungOut]
    stand_ins: list[OrderCountOut]
    events: list[OrderEventOut]
    actions: list[ActionOut]
    may_edit: bool
    may_correct: bool
    household_rule: OrderNamedOut
    compounds: list[OrderCompoundOut]
    promise: OrderPromiseOut | None


class OrderPointOut(msgspec.Struct):
    """A point of the reach curve."""

    at: datetime
    sent: int
    delivered: int
    acknowledged: int
    done: int
    cannot: int


class PlaceLineOut(msgspec.Struct):
    """A place of the board."""

    place_id: UUID
    name: str
    level: str
    numbers: OrderNumbersOut
    has_below: bool


class OrderDiscrepancyOut(msgspec.Struct):
    """Two counts that differ, or differed: put right when `closed_at` stands there."""

    kind: str
    zh: str
    en: str
    detail: str
    wanted: int
    found: int
    repaired: int
    first_at: datetime
    closed_at: datetime | None


class OrderAnsweredOut(msgspec.Struct):
    """What was answered to a question: how many, the sum, how often each choice, the newest texts."""

    code: str
    zh: str
    en: str
    kind: str
    count: int
    total: float | None
    choices: list[tuple[str, int]]
    texts: list[str]


class OrderBoardOut(msgspec.Struct):
    """What changes every few seconds: numbers, curve, places, answers, and whether the numbers add up."""

    at: datetime
    numbers: OrderNumbersOut
    curve: list[OrderPointOut]
    places: list[PlaceLineOut]
    answered: list[OrderAnsweredOut]
    discrepancies: list[OrderDiscrepancyOut]


class OrderPersonOut(msgspec.Struct):
    """Somebody who has not answered, or cannot."""

    area: str
    id: UUID
    name: str
    post: str
    place: str
    state: str
    state_zh: str
    state_en: str
    has_phone: bool
    deputy: str | None
    deputy_state: str | None
    call: str | None
    call_zh: str | None
    call_en: str | None
    called_by: str | None
    called_at: datetime | None
    reason: str


class OrderPeopleOut(msgspec.Struct):
    """A page of them."""

    people: list[OrderPersonOut]
    has_more: bool


class OrderCallIn(msgspec.Struct):
    """What came of ringing somebody up."""

    outcome: str
    note: str = ""


class OrderReasonIn(msgspec.Struct):
    """Why a telephone number is wanted."""

    reason: str


class OrderPhoneOut(msgspec.Struct):
    """A telephone number in full; empty when none is known."""

    phone: str


class MineOut(msgspec.Struct):
    """An order in somebody's own list."""

    area: str
    recipient: UUID
    order: UUID
    number: str
    title: str
    sentence: str
    body: str
    is_drill: bool
    state: str
    state_zh: str
    state_en: str
    reach: str
    reach_zh: str
    reach_en: str
    answers: list[str]
    asks: list[AskOut]
    until_at: datetime
    issued_at: datetime
    standing: str
    instead_of: str
    corrected_by: str
    reason: str
    household_rule: OrderNamedOut
    compounds: list[str]
    simulated: bool


class InboxOut(msgspec.Struct):
    """A person's own orders, and how many of those in force wait for 收到."""

    waiting: int
    orders: list[MineOut]


class OrderAnswersIn(msgspec.Struct):
    """Receipts sent at once, as the hot door takes them."""

    items: list[dict[str, Any]]


class OrderOutcomeOut(msgspec.Struct):
    """What became of a receipt: stored, known, conflict, unknown, invalid; the last three say why."""

    status: str
    code: str
    zh: str
    en: str
    field: str
