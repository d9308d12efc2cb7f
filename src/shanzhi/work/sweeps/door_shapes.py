"""What the endpoints of corrections and of priority doors take and give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class CorrectionOut(msgspec.Struct):
    """What is wrong with the registry, as somebody saw it at a door."""

    area: str
    id: UUID
    sweep: UUID
    title: str
    place: str
    address: str
    what: str
    what_zh: str
    what_en: str
    doors_now: int | None
    doors: int | None
    note: str
    made_at: datetime
    state: str
    settled_by: str


class CorrectionIn(msgspec.Struct):
    """How many doors there are in truth, where the visit did not say; and why."""

    doors: int | None = None
    reason: str = ""


class PriorityDoorIn(msgspec.Struct):
    """A door that is to be visited first: home `door` (from 0) of a floor, why, and on which basis."""

    area: str
    floor_id: UUID
    door: int
    reason: str
    basis: str
    until_on: date | None = None


class PriorityIn(msgspec.Struct):
    """Doors to be visited first."""

    doors: list[PriorityDoorIn]


class PriorityLineOut(msgspec.Struct):
    """A door that is visited first; why is not shown here."""

    area: str
    id: UUID
    address: str
    basis_zh: str
    basis_en: str
    given_by: str
    given_at: datetime
    until_on: date | None


class GroupRowErrorOut(msgspec.Struct):
    """What is wrong in one row; the heading is row 1."""

    row: int
    field: str
    message_zh: str
    message_en: str


class GroupImportOut(msgspec.Struct):
    """What an import of doors did, or would do."""

    dry_run: bool
    rows: int
    created: int
    unchanged: int
    errors: list[GroupRowErrorOut]
    changed: int = 0


class GroupClearedOut(msgspec.Struct):
    """How many doors went."""

    count: int
