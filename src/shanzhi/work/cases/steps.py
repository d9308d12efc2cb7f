"""A step: one verb to do to one case, what is given with it, and whether that is enough."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError
from shanzhi.work.cases import queries
from shanzhi.work.cases.errors import MissingInput, VersionConflict
from shanzhi.work.cases.flow import CLOSED_LOOP
from shanzhi.work.cases.models import Case, CaseEvent
from shanzhi.work.cases.reports import check_photos

MAX_NOTE = 1000
LABELS = {
    "note": ("说明", "a note"),
    "photos": ("处置后照片", "a photo of the result"),
    "condition_id": ("立案条件", "the filing rule"),
    "unit_id": ("处置单位", "the unit"),
    "master_id": ("主案", "the master case"),
    "assignee_id": ("承办人", "the colleague"),
    "until_at": ("恢复日期", "the day on which it resumes"),
    "bundle_id": ("捆绑批次", "the bundle"),
}


@dataclass(frozen=True)
class Said:
    """What a resident says at the end."""

    solved: bool
    stars: int
    text: str = ""


@dataclass(frozen=True)
class Given:
    """What the actor gives with a verb."""

    note: str = ""
    condition_id: UUID | None = None
    unit_id: UUID | None = None
    master_id: UUID | None = None
    assignee_id: UUID | None = None
    until_at: datetime | None = None
    bundle_id: UUID | None = None
    photos: tuple[str, ...] = ()
    rating: Said | None = None


@dataclass(frozen=True)
class Step:
    """One verb to do to one case. `version` is the one the actor saw; None: whatever it is now."""

    case_id: UUID
    verb: str
    actor: Actor
    at: datetime
    version: int | None = None
    given: Given = field(default_factory=Given)
    event_id: UUID | None = None


Outcome = Case | ShanzhiError


def conflict(case: Case) -> VersionConflict:
    """Who changed the case meanwhile, and how."""
    last = CaseEvent.objects.filter(area=case.area, case_id=case.id).order_by("-sequence").first()
    verb_zh, verb_en = queries.verb_label(last.verb if last else "report")
    state = CLOSED_LOOP.state(case.state)
    return VersionConflict(
        actor_name=last.actor_name if last else "",
        verb_zh=verb_zh, verb_en=verb_en, state_zh=state.zh, state_en=state.en, version=case.version,
    )  # fmt: skip


def check_input(case: Case, edge: Edge, given: Given) -> None:
    """Raise MissingInput, InvalidInput or UnknownPhoto unless the edge has what it needs."""
    for name in queries.required(case, edge):
        if not getattr(given, name) or (name == "note" and not given.note.strip()):
            zh, en = LABELS[name]
            raise MissingInput(field=name, label_zh=zh, label_en=en)
    if len(given.note) > MAX_NOTE:
        raise InvalidInput(
            field="note", reason_zh=f"不得超过 {MAX_NOTE} 字。", reason_en=f"At most {MAX_NOTE} characters."
        )
    check_photos(given.photos)
