"""What goes over the wire at points, and to residents."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec


class SamplingNamedOut(msgspec.Struct):
    """A code with its names."""

    code: str
    zh: str
    en: str


class PoolingOut(SamplingNamedOut):
    """A way of pooling."""

    size: int
    household: bool


class RetestOut(msgspec.Struct):
    """A household to be sampled again."""

    area: str
    id: UUID
    state: str
    state_zh: str
    state_en: str
    people: int
    sampled: int
    microgrid: str
    where: str
    code: str
    barcode: str
    tube_zh: str
    tube_en: str


class WorkPointOut(msgspec.Struct):
    """A point at which the caller may work."""

    area: str
    id: UUID
    name: str
    address: str
    kind: str
    title: str
    number: str
    is_drill: bool
    first_on: date
    opens: str
    closes: str


class WorkTubeOut(msgspec.Struct):
    """A tube at a point that is not handed over."""

    id: UUID
    barcode: str
    pooling: str
    table: int
    capacity: int
    filled: int
    state: str
    opened_at: datetime


class WorkGridOut(msgspec.Struct):
    """A micro-grid that comes to a point, for those without a ticket."""

    id: UUID
    name: str
    community: str
    begin: datetime
    end: datetime


class WorkTableOut(msgspec.Struct):
    """A table: how many in the last hour and in all."""

    number: int
    hour: int
    come: int
    is_paused: bool


class WorkPointPageOut(WorkPointOut):
    """What a phone at a point needs, also while it is offline."""

    pooling: str
    poolings: list[PoolingOut]
    queue_limit: int
    tables: list[WorkTableOut]
    tubes: list[WorkTubeOut]
    grids: list[WorkGridOut]
    retests: list[RetestOut]
    planned_now: int
    come: int
    hour: int
    waiting: int | None
    wait_minutes: int | None


class SamplesIn(msgspec.Struct):
    """What was done at a point, as the hot door takes it."""

    items: list[dict[str, Any]]


class SampleErrorOut(msgspec.Struct):
    """Why an item was not taken."""

    code: str
    message_zh: str
    message_en: str
    field: str


class SampleOutcomeOut(msgspec.Struct):
    """What became of an item."""

    id: str | None
    status: str
    error: SampleErrorOut | None


class ResidentSlotOut(msgspec.Struct):
    """When and where to come, and what to bring. Nothing of anybody."""

    kind: str
    title: str
    goods: str
    is_drill: bool
    begin: datetime
    end: datetime
    point: str
    address: str
    lon: float
    lat: float
    bring_zh: str
    bring_en: str
    note_zh: str
    note_en: str


class GridSlotOut(ResidentSlotOut):
    """The same of a micro-grid, by its name."""

    grid: str


class ResidentSlotsOut(msgspec.Struct):
    """The slots behind a code; `place` is the micro-grid where the code is that of one."""

    place: str
    is_ticket: bool
    slots: list[ResidentSlotOut]
