"""What the endpoints of partner organisations take and give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class PartnerKindOut(msgspec.Struct):
    """A kind of organisation."""

    code: str
    zh: str
    en: str


class PartnerStepOut(msgspec.Struct):
    """What the caller may do next; `requires` names what has to be said."""

    verb: str
    zh: str
    en: str
    requires: list[str]


class AgreementOut(msgspec.Struct):
    """An agreement; `state` is in_force, over, or expired: its last day has passed."""

    id: UUID
    title: str
    content: str
    from_on: date
    last_on: date | None
    state: str
    state_zh: str
    state_en: str
    allowed_actions: list[PartnerStepOut]


class PartnerTaskOut(msgspec.Struct):
    """A task; `overdue` when its day has passed and it is open."""

    id: UUID
    agreement_id: UUID | None
    what: str
    due_on: date
    state: str
    state_zh: str
    state_en: str
    overdue: bool
    result: str
    done_on: date | None
    allowed_actions: list[PartnerStepOut]


class PartnerPlaceOut(msgspec.Struct):
    """Where it is a partner."""

    id: UUID
    name: str
    level_zh: str
    level_en: str


class PartnerOut(msgspec.Struct):
    """A partner organisation with its agreements and tasks; the telephone is masked."""

    area: str
    id: UUID
    place: PartnerPlaceOut
    name: str
    kind: str
    kind_zh: str
    kind_en: str
    contact_name: str
    phone_masked: str
    note: str
    since_on: date
    state: str
    state_zh: str
    state_en: str
    agreements: list[AgreementOut]
    tasks: list[PartnerTaskOut]
    may_manage: bool
    allowed_actions: list[PartnerStepOut]


class PartnersOut(msgspec.Struct):
    """Partners of a place: all of them counted, the first of them listed."""

    total: int
    in_force: int
    open_tasks: int
    overdue_tasks: int
    may_add: bool
    kinds: list[PartnerKindOut]
    items: list[PartnerOut]


class PartnerEventOut(msgspec.Struct):
    """A line of the history."""

    at: datetime
    what: str
    title: str
    verb_zh: str
    verb_en: str
    by: str
    said: str


class PartnersQuery(msgspec.Struct):
    """Partners of a place and of what lies below it; `state=all` lists those whose partnership ended too."""

    place: UUID
    state: str = "active"


class PartnersExportQuery(PartnersQuery):
    """In which language."""

    lang: str = "zh"


class PartnerPath(msgspec.Struct):
    """Which partner."""

    area: str
    row_id: UUID


class PartnerStepPath(PartnerPath):
    """Which step with a partnership: end, resume."""

    verb: str


class AgreementPath(PartnerPath):
    """Which agreement."""

    agreement_id: UUID


class TaskStepPath(PartnerPath):
    """Which step with a task: finish, drop, reopen."""

    task_id: UUID
    verb: str


class PartnerIn(msgspec.Struct):
    """An organisation as it is written down."""

    name: str
    kind: str
    contact_name: str = ""
    contact_phone: str = ""
    note: str = ""


class NewPartnerIn(PartnerIn, kw_only=True):
    """A new one at a place."""

    place_id: UUID


class PartnerChangeIn(PartnerIn):
    """A correction; `keep_phone` leaves the telephone as it is."""

    keep_phone: bool = False


class AgreementIn(msgspec.Struct):
    """An agreement; without a last day it holds as long as the partnership."""

    title: str
    content: str
    from_on: date
    last_on: date | None = None


class TaskIn(msgspec.Struct):
    """A task, under an agreement or without one."""

    what: str
    due_on: date
    agreement_id: UUID | None = None


class SaidIn(msgspec.Struct):
    """The reason, or the result."""

    said: str = ""


class PartnerReasonIn(msgspec.Struct):
    """Why the telephone is looked at."""

    reason: str


class PartnerPhoneOut(msgspec.Struct):
    """The telephone in full."""

    phone: str
