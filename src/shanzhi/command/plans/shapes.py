"""What the endpoints of plans, notices and objections take and give."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from shanzhi.city.modes.shapes import ResponseLevelOut, ResponseLineOut


class PlanWordOut(msgspec.Struct):
    """A code with its words in both languages."""

    code: str
    zh: str
    en: str


class PlanActionOut(msgspec.Struct):
    """A verb that the caller may do now."""

    verb: str
    zh: str
    en: str
    needs_reason: bool


class PlanRowOut(msgspec.Struct):
    """A plan in the list: what is in force, and what is being worked on."""

    code: str
    zh: str
    en: str
    hazard: str
    hazard_zh: str
    hazard_en: str
    place_id: UUID
    place: str
    number: int | None
    in_force_at: datetime | None
    levels: list[ResponseLevelOut]
    edition: PlanWordOut | None
    open_number: int | None
    open_state: str
    open_zh: str
    open_en: str
    live: int


class PlansOut(msgspec.Struct):
    """The plans in sight, and whether the caller may write or start one."""

    plans: list[PlanRowOut]
    may_edit: bool
    may_propose: bool


class PlanVersionRowOut(msgspec.Struct):
    """A version in the history of a plan."""

    number: int
    state: str
    state_zh: str
    state_en: str
    note: str
    drafted_by: str
    drafted_at: datetime
    reviewed_by: str
    in_force_at: datetime | None
    ended_at: datetime | None


class PlanProblemOut(msgspec.Struct):
    """Something wrong with a plan, and where."""

    field: str
    zh: str
    en: str
    stops: bool


class PlanEventOut(msgspec.Struct):
    """What was done to a version."""

    at: datetime
    verb: str
    zh: str
    en: str
    actor_name: str
    reason: str
    digest: str


class PlanOut(msgspec.Struct):
    """A plan with one of its versions, whole. `saves` goes back with a save and with a review."""

    row: PlanRowOut
    number: int
    state: str
    state_zh: str
    state_en: str
    note: str
    saves: int
    drafted_by: str
    reviewed_by: str
    content: dict[str, Any]
    levels: list[ResponseLevelOut]
    problems: list[PlanProblemOut]
    versions: list[PlanVersionRowOut]
    events: list[PlanEventOut]
    actions: list[PlanActionOut]
    may_edit: bool
    may_begin_draft: bool
    may_propose: bool


class PlanFieldOut(msgspec.Struct):
    """A field of an item of a part, for the form; with choices where the engine names them."""

    name: str
    zh: str
    en: str
    kind: str
    needed: bool
    choices: list[PlanWordOut]


class PlanPartOut(msgspec.Struct):
    """A part that a level may hold."""

    code: str
    zh: str
    en: str
    installed: bool
    fields: list[PlanFieldOut]


class PlanOptionsOut(msgspec.Struct):
    """Everything that the editor of a plan offers."""

    hazards: list[PlanWordOut]
    chapters: list[PlanWordOut]
    posts: list[PlanWordOut]
    place_levels: list[PlanWordOut]
    parts: list[PlanPartOut]
    most_confined_days: int


class NewPlanIn(msgspec.Struct):
    """A new plan: blank, or a copy of another (`copy_of`)."""

    code: str
    zh: str
    en: str
    hazard: str
    place_id: UUID
    copy_of: str = ""


class SavePlanIn(msgspec.Struct):
    """The draft as it was edited; `seen` is the count of saves that the editor loaded."""

    content: dict[str, Any]
    seen: int
    note: str = ""


class SaveYamlIn(msgspec.Struct):
    """The draft as YAML text."""

    text: str
    seen: int
    note: str = ""


class PlanStepIn(msgspec.Struct):
    """What goes with a verb of a version."""

    reason: str = ""
    seen: int | None = None


class PlanChangeOut(msgspec.Struct):
    """One difference between two versions."""

    path: str
    zh: str
    en: str
    kind: str
    old: str
    new: str


class PlanDiffOut(msgspec.Struct):
    """What changed from one version to another."""

    old: int
    new: int
    changes: list[PlanChangeOut]


class ProposeIn(msgspec.Struct):
    """A response as it is proposed by a plan; what is left empty is as in the plan."""

    level: int
    place_ids: list[UUID]
    document: str
    last_on: date
    basis: str = ""
    title: str = ""
    exit_zh: str = ""
    exit_en: str = ""
    exit_phone: str = ""
    why_so_large: str = ""
    reason: str = ""
    is_drill: bool = False


class NoticePreviewOut(msgspec.Struct):
    """A notice as it would be made known."""

    code: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str


class ProposalPreviewOut(msgspec.Struct):
    """Everything that the response would do, and its notices word for word; `wrong` stops its approval."""

    lines: list[ResponseLineOut]
    notices: list[NoticePreviewOut]
    wrong: bool
    limit_on: date


class ProposedOut(msgspec.Struct):
    """The response that was made."""

    id: UUID
    number: str


class NoticeRowOut(msgspec.Struct):
    """A notice in a list."""

    number: str
    title_zh: str
    title_en: str
    places: list[str]
    level_zh: str
    level_en: str
    from_at: datetime
    until_on: date | None
    ended_at: datetime | None
    replaced_by: str
    is_drill: bool


class NoticeOut(msgspec.Struct):
    """A notice, whole, for anybody: its words, the way to a doctor, the way to object."""

    row: NoticeRowOut
    text_zh: str
    text_en: str
    exit_zh: str
    exit_en: str
    exit_phone: str
    objection_days: int
    objection_zh: str
    objection_en: str
    objection_phone: str
    may_object: bool
    others: list[NoticeRowOut]


class ObjectionIn(msgspec.Struct):
    """What a resident writes; `id` is made by the page, so that sending twice is one objection."""

    id: UUID
    text: str
    phone: str = ""


class ObjectionReceiptOut(msgspec.Struct):
    """What the resident keeps."""

    number: str
    secret: str
    link: str
    due_at: datetime


class ObjectionFollowOut(msgspec.Struct):
    """An objection for whoever holds its secret."""

    number: str
    notice: str
    notice_zh: str
    notice_en: str
    text: str
    state: str
    state_zh: str
    state_en: str
    made_at: datetime
    due_at: datetime
    outcome: str
    outcome_zh: str
    outcome_en: str
    answer: str
    answered_at: datetime | None


class ObjectionOut(msgspec.Struct):
    """An objection at the desk; the telephone masked."""

    area: str
    id: UUID
    number: str
    notice: str
    notice_zh: str
    notice_en: str
    response_id: UUID
    is_drill: bool
    text: str
    phone_masked: str
    state: str
    state_zh: str
    state_en: str
    made_at: datetime
    due_at: datetime
    is_overdue: bool
    outcome: str
    outcome_zh: str
    outcome_en: str
    answer: str
    answered_by: str
    answered_at: datetime | None
    may_answer: bool
    why_not_zh: str
    why_not_en: str


class ObjectionsOut(msgspec.Struct):
    """Objections in sight, those due first at the top."""

    items: list[ObjectionOut]
    waiting: int
    overdue: int


class ObjectionAnswerIn(msgspec.Struct):
    """The answer."""

    outcome: str
    answer: str


class ObjectionReasonIn(msgspec.Struct):
    """Why the telephone is needed."""

    reason: str


class ObjectionPhoneOut(msgspec.Struct):
    """The telephone in full."""

    phone: str
