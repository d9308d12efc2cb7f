"""What the API says about compounds."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class CompoundPlaceOut(msgspec.Struct):
    """The deepest place known to hold a compound."""

    id: UUID
    name: str
    level: str


class CompoundOut(msgspec.Struct):
    """A compound in a list. `sources`: how many; `conflict`: they differ by more than the rule allows."""

    area: str
    id: UUID
    kind: str
    kind_zh: str
    kind_en: str
    name: str
    code: str
    address: str
    place: CompoundPlaceOut
    lon: float | None
    lat: float | None
    households: int | None
    buildings: int | None
    sources: int
    conflict: bool


class CompoundPageOut(msgspec.Struct):
    """One page; `next` is "" on the last. `total` and `households` are of the whole list."""

    items: list[CompoundOut]
    next: str
    total: int
    households: int


class FloorMicrogridOut(msgspec.Struct):
    """The micro-grid that a floor belongs to."""

    id: UUID
    name: str
    code: str


class CompoundFloorOut(msgspec.Struct):
    """A floor, or a band of floors. `estimated`: a share of the building's total."""

    id: UUID
    floor: int
    top: int
    homes: int
    shops: int
    estimated: bool
    microgrid: FloorMicrogridOut | None


class CompoundStairwellOut(msgspec.Struct):
    """A stairwell; its name is "" where there is only one."""

    name: str
    floors: list[CompoundFloorOut]


class CompoundBuildingOut(msgspec.Struct):
    """A building."""

    id: UUID
    name: str
    lon: float | None
    lat: float | None
    stairwells: list[CompoundStairwellOut]


class CompoundValueOut(msgspec.Struct):
    """What is in force for a field, from which source, and why; floors give it when `source` is ""."""

    field: str
    field_zh: str
    field_en: str
    value: str
    source: str
    key: str
    why_zh: str
    why_en: str


class CompoundSourceOut(msgspec.Struct):
    """What one source says. `in_force` names the fields for which it is; the sentences say why."""

    source: str
    key: str
    name: str
    address: str
    households: int | None
    buildings: int | None
    lon: float | None
    lat: float | None
    datum: str
    seen_on: date
    in_force: list[str]
    why_zh: str
    why_en: str


class CompoundChoiceOut(msgspec.Struct):
    """What somebody chose or entered, and why."""

    field: str
    field_zh: str
    field_en: str
    source: str
    was: str
    became: str
    reason: str
    by: str
    at: datetime


class CompoundFullOut(msgspec.Struct):
    """One compound with everything known of it; `values` says what is in force for each field."""

    area: str
    id: UUID
    kind: str
    kind_zh: str
    kind_en: str
    name: str
    code: str
    address: str
    place: CompoundPlaceOut
    lon: float | None
    lat: float | None
    datum: str
    households: int | None
    building_count: int | None
    conflict: bool
    values: list[CompoundValueOut]
    buildings: list[CompoundBuildingOut]
    sources: list[CompoundSourceOut]
    history: list[CompoundChoiceOut]


class ImportNoticeOut(msgspec.Struct):
    """What is to be said of a row."""

    row: int
    field: str
    code: str
    message_zh: str
    message_en: str


class DatumOut(msgspec.Struct):
    """The datum as stated and as found; `shares` are the points inside their own county under each."""

    given: str
    found: str
    used: str
    suggestion_zh: str
    suggestion_en: str
    shares: dict[str, float]
    counted: int


class CompoundImportOut(msgspec.Struct):
    """What an import did, or would do."""

    dry_run: bool
    id: UUID
    rows: int
    listed: int
    created: int
    changed: int
    unchanged: int
    merged: int
    closed: int
    homes: int
    datum: DatumOut
    errors: list[ImportNoticeOut]
    warnings: list[ImportNoticeOut]
    wrong_points: list[ImportNoticeOut]
    mapping: dict[str, str]
    unmapped: list[str]
    skipped: int
    inside_own_county: float | None
    more: dict[str, int]


class BoundaryNoteOut(msgspec.Struct):
    """What is to be said of a feature of a map file."""

    row: int
    name: str
    message_zh: str
    message_en: str


class BoundaryImportOut(msgspec.Struct):
    """What an import of boundaries did, or would do. `settled`: compounds that now lie in a deeper place."""

    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int
    settled: int
    repaired: list[BoundaryNoteOut]
    unmatched: list[BoundaryNoteOut]
    errors: list[ImportNoticeOut]
    datum: DatumOut


class DrawnPlaceOut(msgspec.Struct):
    """A place in an answer."""

    id: UUID
    code: str
    name: str


class DrawingOut(msgspec.Struct):
    """What was drawn; places that keep a real boundary; places of which no point is known, or without room."""

    dry_run: bool
    drawn: int
    kept: int
    without_points: list[DrawnPlaceOut]
    without_room: list[DrawnPlaceOut]
