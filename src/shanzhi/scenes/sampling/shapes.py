"""What goes over the wire of sampling."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from shanzhi.scenes.sampling.point_shapes import PoolingOut


class SamplingPlaceOut(msgspec.Struct):
    """A place by name."""

    id: UUID
    name: str


class SamplingTemplateOut(msgspec.Struct):
    """A template of the pack."""

    code: str
    kind: str
    zh: str
    en: str
    people_per_point: int
    most_tables: int
    table_rate: int
    pooling: str
    round_hours: int
    queue_limit: int
    slot_minutes: int
    opens: str
    closes: str
    days: int


class SamplingOptionsOut(msgspec.Struct):
    """What a composer offers."""

    templates: list[SamplingTemplateOut]
    pooling: list[PoolingOut]
    people_per_home: float


class CampaignDraftIn(msgspec.Struct):
    """A campaign as it is typed; what is left out comes from the template. Times are HH:MM."""

    template: str
    place_ids: list[UUID]
    first_on: date
    title: str = ""
    goods: str = ""
    days: int | None = None
    opens: str = ""
    closes: str = ""
    slot_minutes: int | None = None
    table_rate: int | None = None
    most_tables: int | None = None
    people_per_point: int | None = None
    pooling: str = ""
    is_drill: bool = False


class SamplingPreviewOut(msgspec.Struct):
    """What a campaign would need."""

    doors: int
    people: int
    microgrids: int
    ungridded: int
    points: int
    tables: int
    table_hours: float
    samplers: int
    slots: int
    slot_people: int


class CampaignRowOut(msgspec.Struct):
    """A line of the list."""

    id: UUID
    number: str
    kind: str
    title: str
    state: str
    state_zh: str
    state_en: str
    is_drill: bool
    places: list[SamplingPlaceOut]
    first_on: date
    days: int
    doors: int
    people: int
    come_doors: int
    come_people: int


class SamplingVerbOut(msgspec.Struct):
    """What may be done now."""

    verb: str
    zh: str
    en: str
    needs_reason: bool


class SamplingEventOut(msgspec.Struct):
    """What was done."""

    verb: str
    zh: str
    en: str
    actor_name: str
    reason: str
    at: datetime


class CampaignOut(CampaignRowOut):
    """The whole of a campaign but its points."""

    template: str
    goods: str
    opens: str
    closes: str
    slot_minutes: int
    table_rate: int
    most_tables: int
    people_per_point: int
    pooling: str
    pooling_zh: str
    pooling_en: str
    queue_limit: int
    round_hours: int
    microgrids: int
    left_out: int
    ungridded: int
    metres: int
    planned_at: datetime | None
    drafted_by: str
    drafted_at: datetime
    issued_by: str
    issued_at: datetime | None
    ended_at: datetime | None
    has_activation: bool
    may_change: bool
    allowed_actions: list[SamplingVerbOut]
    events: list[SamplingEventOut]


class SamplingSlotOut(msgspec.Struct):
    """A slot of a point: when, people planned, people it takes."""

    slot: int
    on: date
    begin: str
    end: str
    people: int
    room: int


class PointOut(msgspec.Struct):
    """A point with what is planned there."""

    area: str
    id: UUID
    number: int
    name: str
    address: str
    place: str
    lon: float
    lat: float
    tables: int
    paused: list[int]
    opens: str
    closes: str
    is_open: bool
    by_hand: bool
    doors: int
    people: int
    microgrids: int


class PointGridOut(msgspec.Struct):
    """A micro-grid that comes to a point."""

    place_id: UUID
    code: str
    name: str
    community: str
    doors: int
    people: int
    pinned: bool
    begin: datetime
    end: datetime


class PointPlanOut(msgspec.Struct):
    """The timetable of a point."""

    point: PointOut
    slots: list[SamplingSlotOut]
    grids: list[PointGridOut]


class NewPointIn(msgspec.Struct):
    """A point to be opened; times are HH:MM."""

    place_id: UUID
    name: str
    tables: int
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    opens: str = ""
    closes: str = ""


class PointChangeIn(msgspec.Struct):
    """What is to change of a point."""

    name: str | None = None
    address: str | None = None
    tables: int | None = None
    opens: str = ""
    closes: str = ""
    is_open: bool | None = None


class MoveIn(msgspec.Struct):
    """A micro-grid to a point; null lets the program choose."""

    place_id: UUID
    point_id: UUID | None


class ReplanIn(msgspec.Struct):
    """Whether the points are proposed anew too."""

    anew: bool = False


class SamplingStepIn(msgspec.Struct):
    """A reason, where a step asks for one."""

    reason: str = ""


class TableCountOut(msgspec.Struct):
    """A table of the board."""

    number: int
    come: int
    hour: int
    is_paused: bool
    tubes_open: int


class PointBoardOut(msgspec.Struct):
    """A point of the board. `waiting` is what somebody reported there, `wait_minutes` what it means."""

    area: str
    id: UUID
    number: int
    name: str
    is_open: bool
    planned: int
    planned_now: int
    come: int
    hour: int
    waiting: int | None
    wait_minutes: int | None
    over_limit: bool
    tubes_open: int
    tubes_closed: int
    tubes_handed: int
    tubes_told: int
    last_at: datetime | None
    tables: list[TableCountOut]


class PlaceBoardOut(msgspec.Struct):
    """A place of the board."""

    id: UUID
    name: str
    level: str
    doors: int
    come_doors: int
    come_people: int
    has_below: bool


class CampaignBoardOut(msgspec.Struct):
    """The live board."""

    at: datetime | None
    doors: int
    come_doors: int
    come_people: int
    people: int
    points: list[PointBoardOut]
    places: list[PlaceBoardOut]
    retests: dict[str, int]


class MissingDoorOut(msgspec.Struct):
    """A door that has not come."""

    microgrid: str
    compound: str
    where: str
    point: str
    begin: datetime | None


class MissingOut(msgspec.Struct):
    """A page of them."""

    doors: list[MissingDoorOut]
    has_more: bool


class SamplingRowErrorOut(msgspec.Struct):
    """What is wrong in a row."""

    row: int
    field: str
    message_zh: str
    message_en: str


class ResultsOut(msgspec.Struct):
    """What an import did, or would do."""

    dry_run: bool
    rows: int
    negative: int
    positive: int
    invalid: int
    unchanged: int
    retests: int
    errors: list[SamplingRowErrorOut]


class CorrectIn(msgspec.Struct):
    """A result that was wrong."""

    barcode: str
    result: str
    reason: str


class CorrectedOut(msgspec.Struct):
    """How many re-tests came of it."""

    retests: int
