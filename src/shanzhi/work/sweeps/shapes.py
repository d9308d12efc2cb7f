"""What the endpoints of sweeps take and give."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec


class SweepNamedOut(msgspec.Struct):
    """A code with its words in both languages."""

    code: str
    zh: str
    en: str


class SweepPlaceOut(msgspec.Struct):
    """A place by id and name."""

    id: UUID
    name: str


class FormQuestionOut(msgspec.Struct):
    """A question: text, number, temperature, choice, yes_no or date."""

    code: str
    zh: str
    en: str
    kind: str
    required: bool
    sensitive: bool
    least: float | None
    most: float | None
    choices: list[SweepNamedOut]
    hint_zh: str
    hint_en: str


class FormSectionOut(msgspec.Struct):
    """Questions under one heading."""

    code: str
    zh: str
    en: str
    questions: list[FormQuestionOut]


class FormOut(msgspec.Struct):
    """A version of a form."""

    code: str
    version: int
    zh: str
    en: str
    sections: list[FormSectionOut]


class SweepTemplateOut(msgspec.Struct):
    """A template that fills a new sweep."""

    code: str
    zh: str
    en: str
    form: str
    targets: list[str]
    reasons: list[str]
    cadence: str
    hours: int
    per_head: int
    hazard: str
    body: str


class CadenceRuleOut(SweepNamedOut):
    """An answer to `form` that begins the days of its door anew (`does` restart), or puts `days` on (lengthen)."""

    form: str
    does: str
    days: int


class CadenceOut(SweepNamedOut):
    """A cadence; `restarts`: its days can be counted anew. `rules` are about single doors."""

    turns_a_day: int
    days: list[int]
    restarts: bool
    rules: list[CadenceRuleOut]


class SweepOptionsOut(msgspec.Struct):
    """Everything that a composer offers to choose from, and the words of results."""

    templates: list[SweepTemplateOut]
    forms: list[FormOut]
    targets: list[SweepNamedOut]
    cadences: list[CadenceOut]
    reasons: list[SweepNamedOut]
    bases: list[SweepNamedOut]
    results: list[SweepNamedOut]


class SweepDraftIn(msgspec.Struct):
    """A sweep as it is typed; `outline` is a GeoJSON polygon, `supersedes` the sweep that it corrects.

    `listed`, in a preview, is the sweep whose own list of doors counts too.
    """

    title: str
    place_ids: list[UUID]
    targets: list[str]
    form: str
    cadence: str
    until_at: datetime
    per_head: int = 63
    body: str = ""
    outline: dict[str, Any] | None = None
    reasons: list[str] = msgspec.field(default_factory=list)
    template: str = ""
    is_drill: bool = False
    supersedes: UUID | None = None
    listed: UUID | None = None


class SweepStepIn(msgspec.Struct):
    """A verb: its reason where one is asked for, and how many doors the preview showed."""

    reason: str = ""
    seen: int | None = None


class SweepPreviewOut(msgspec.Struct):
    """How many doors, people, people needed at `per_head`, and doors a head with those who are there."""

    doors: int
    homes: int
    shops: int
    people: int
    needed: int
    a_head: int


class SweepNumbersOut(msgspec.Struct):
    """How far it got; `settled` doors need nobody any more, `remaining` = doors − settled."""

    doors: int
    visited: int
    absent: int
    refused: int
    vacant: int
    help: int
    wrong: int
    settled: int
    remaining: int


class TurnOut(msgspec.Struct):
    """A turn of a sweep; `is_open` now. `revisits`: how often what remained was divided anew."""

    number: int
    zh: str
    en: str
    opens_at: datetime
    closes_at: datetime
    is_open: bool
    revisits: int
    numbers: SweepNumbersOut


class SweepRowOut(msgspec.Struct):
    """A sweep in a list, with the numbers of its present turn."""

    id: UUID
    number: str
    title: str
    state: str
    state_zh: str
    state_en: str
    place: SweepPlaceOut
    form_zh: str
    form_en: str
    is_drill: bool
    drafted_by: str
    drafted_at: datetime
    issued_at: datetime | None
    until_at: datetime
    ended_at: datetime | None
    numbers: SweepNumbersOut


class SweepRuleOut(SweepNamedOut):
    """A rule of a cadence, and how many doors it moved so far in a sweep; `last_on` is the day it moved them to."""

    does: str
    doors: int
    last_on: date | None


class SweepGroupOut(msgspec.Struct):
    """The list of doors that came by a file: how many, why, on which basis, whether it can be changed."""

    doors: int
    purpose: str
    basis_zh: str
    basis_en: str
    is_open: bool


class SweepActionOut(msgspec.Struct):
    """A verb that the caller may do now; `verb` is part of the address."""

    verb: str
    zh: str
    en: str
    needs_reason: bool


class SweepEventOut(msgspec.Struct):
    """A line of its history."""

    verb: str
    zh: str
    en: str
    by: str
    reason: str
    at: datetime


class SweepOut(msgspec.Struct):
    """The whole of a sweep; of `beyond` doors the days go on after it is over."""

    row: SweepRowOut
    body: str
    places: list[SweepPlaceOut]
    outline: dict[str, Any] | None
    targets: list[SweepNamedOut]
    reasons: list[SweepNamedOut]
    form: FormOut
    cadence: CadenceOut
    per_head: int
    template: str
    activation_id: UUID | None
    issued_by: str
    supersedes: UUID | None
    superseded_by: UUID | None
    answers_erased_at: datetime | None
    turns: list[TurnOut]
    people: int
    actions: list[SweepActionOut]
    events: list[SweepEventOut]
    rules: list[SweepRuleOut]
    beyond: int
    group: SweepGroupOut


class CoverPointOut(msgspec.Struct):
    """A point of the curve."""

    at: datetime
    doors: int
    settled: int
    absent: int


class CoverLineOut(msgspec.Struct):
    """A place of the coverage."""

    place_id: UUID
    name: str
    level: str
    numbers: SweepNumbersOut
    has_below: bool


class CoverageOut(msgspec.Struct):
    """Coverage of a turn: the sum in sight, its curve, the places right under the one asked for."""

    turn: TurnOut | None
    numbers: SweepNumbersOut
    curve: list[CoverPointOut]
    places: list[CoverLineOut]
    waiting_help: int
    waiting_wrong: int


class MissedDoorOut(msgspec.Struct):
    """A door that remains."""

    area: str
    piece: UUID
    door: int
    place: str
    address: str
    result: str
    revisit_at: datetime | None
    is_priority: bool


class MissedOut(msgspec.Struct):
    """A page of remaining doors; `next` is the `after` of the next page, null at the end."""

    doors: list[MissedDoorOut]
    next: int | None


class ListLineOut(msgspec.Struct):
    """A group's lists: people, doors on them, what remains. Without people nobody goes there."""

    place_id: UUID
    name: str
    code: str
    people: int
    doors: int
    remaining: int
    a_head: int


class MyDoorOut(msgspec.Struct):
    """A door on the caller's list. `last` are the newest answers that are not sensitive; the others are hidden.

    `day` of its cadence (0: it has none); `moved_on`: its days were begun anew then, `longer_to`: put on until then.
    """

    area: str
    piece: UUID
    door: int
    kind: str
    address: str
    is_priority: bool
    result: str
    seen_at: datetime | None
    seen_by: str
    revisit_at: datetime | None
    last: dict[str, Any] | None
    has_hidden: bool
    day: int
    moved_on: date | None
    longer_to: date | None


class MyListOut(msgspec.Struct):
    """The caller's list in a sweep, in the order of walking; remaining doors, and those done in this turn."""

    sweep: UUID
    number: str
    title: str
    body: str
    is_drill: bool
    until_at: datetime
    turn: int
    turn_zh: str
    turn_en: str
    closes_at: datetime
    form: FormOut
    doors: list[MyDoorOut]
    done: int


class MyListsOut(msgspec.Struct):
    """The caller's lists; `away`: they said that they can visit nobody for now."""

    away: bool
    sweeps: list[MyListOut]


class DoorOut(msgspec.Struct):
    """A door of a piece and what was seen there last."""

    door: int
    address: str
    result: str
    seen_at: datetime | None
    seen_by: str
    revisit_at: datetime | None


class VisitsIn(msgspec.Struct):
    """What a phone sends; each item is read as the hot door reads it."""

    items: list[dict[str, Any]]


class SweepErrorOut(msgspec.Struct):
    """Why an item was not taken."""

    code: str
    status: int
    zh: str
    en: str
    field: str


class VisitOutcomeOut(msgspec.Struct):
    """What became of an item."""

    id: str | None
    status: str
    error: SweepErrorOut | None = None


class RestartIn(msgspec.Struct):
    """A compound whose days are counted anew, and why."""

    area: str
    compound_id: UUID
    reason: str


class AwayIn(msgspec.Struct):
    """Whether somebody can visit for now; without `account_id` the caller."""

    away: bool
    account_id: UUID | None = None


class SweepCountOut(msgspec.Struct):
    """How many."""

    count: int


class HiddenIn(msgspec.Struct):
    """Why hidden answers are to be shown."""

    reason: str


class HiddenOut(msgspec.Struct):
    """All the newest answers of a door."""

    answers: dict[str, Any]
