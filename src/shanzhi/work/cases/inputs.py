"""What the API takes about cases, and its short answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from shanzhi.work.cases import actions

Note = Annotated[str, msgspec.Meta(max_length=5000)]


class ReportIn(msgspec.Struct):
    """What somebody saw. `id` is made by the client; sending it again costs nothing."""

    id: UUID | None = None
    kind: str = ""
    text: Note = ""
    lon: float | None = None
    lat: float | None = None
    place_id: UUID | None = None
    address: Note = ""
    photos: list[str] = []
    phone: str = ""
    happened_at: datetime | None = None


class IdempotencyHeaders(msgspec.Struct):
    """`Idempotency-Key`: a UUID that names this very request."""

    idempotency_key: str = msgspec.field(name="Idempotency-Key", default="")


class ReceiptOut(msgspec.Struct):
    """Number and secret: all that is needed to follow a report."""

    number: str
    area: str
    id: UUID
    secret: str
    follow_url: str


class FollowHeaders(msgspec.Struct):
    """The secret travels in a header, never in an address that is logged."""

    secret: str = msgspec.field(name="X-Follow-Secret", default="")
    idempotency_key: str = msgspec.field(name="Idempotency-Key", default="")


class NumberPath(msgspec.Struct):
    """Which case, by its number."""

    number: str


class RateIn(msgspec.Struct):
    """Solved or not, and how it was."""

    solved: bool
    stars: int
    text: Note = ""


class CaseQuery(msgspec.Struct):
    """Which queue, which page; `place`: only what lies there or below."""

    queue: str = "open"
    cursor: str = ""
    limit: int = 20
    q: str = ""
    place: UUID | None = None


class LanguageQuery(msgspec.Struct):
    """In which language: zh or en."""

    lang: str = "zh"


class ExportQuery(msgspec.Struct):
    """Which queue, narrowed by which words and place, in which language."""

    queue: str = "open"
    q: str = ""
    place: UUID | None = None
    lang: str = "zh"


class CasePath(msgspec.Struct):
    """A handle to a case: area and id."""

    area: str
    case_id: UUID


class ActionPath(msgspec.Struct):
    """A case and a verb."""

    area: str
    case_id: UUID
    verb: str


class VerbPath(msgspec.Struct):
    """A verb."""

    verb: str


class ActionIn(msgspec.Struct):
    """What a verb needs; `version` is the one that the page showed."""

    version: int
    note: Note = ""
    condition_id: UUID | None = None
    unit_id: UUID | None = None
    master_id: UUID | None = None
    assignee_id: UUID | None = None
    until_at: datetime | None = None
    bundle_id: UUID | None = None
    photos: list[str] = []

    def given(self) -> actions.Given:
        """What the actor gives, for the door."""
        return actions.Given(
            note=self.note, condition_id=self.condition_id, unit_id=self.unit_id, master_id=self.master_id,
            assignee_id=self.assignee_id, until_at=self.until_at, bundle_id=self.bundle_id,
            photos=tuple(self.photos),
        )  # fmt: skip


class HandleIn(msgspec.Struct):
    """One of many cases: its handle and the version that the list showed."""

    area: str
    id: UUID
    version: int


class ManyIn(msgspec.Struct):
    """One verb for many cases; what it needs is the same for all."""

    cases: list[HandleIn]
    note: Note = ""
    unit_id: UUID | None = None
    condition_id: UUID | None = None


class RefusedOut(msgspec.Struct):
    """A case of many that stayed as it was, and why."""

    area: str
    id: UUID
    code: str
    message_zh: str
    message_en: str


class ManyOut(msgspec.Struct):
    """How many were done; the others with the reason."""

    done: int
    refused: list[RefusedOut]


class BundleIn(msgspec.Struct):
    """Cases to put under one limit."""

    area: str
    cases: list[UUID]
    name: Note
    due_at: datetime


class BundleMadeOut(msgspec.Struct):
    """The bundle that was made."""

    id: UUID
    cases: int


class RevealIn(msgspec.Struct):
    """Why the number is needed."""

    reason: Note = ""


class RevealOut(msgspec.Struct):
    """The number in full."""

    phone: str
