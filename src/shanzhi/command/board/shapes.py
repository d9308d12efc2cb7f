"""What the endpoints of the board give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class BoardPlaceOut(msgspec.Struct):
    """A place by id and name."""

    id: UUID
    name: str


class BoardResponseOut(msgspec.Struct):
    """A response (响应) as the head of its board shows it. `level` 1 is the gravest."""

    id: UUID
    number: str
    title: str
    title_en: str
    hazard: str
    level: int
    state: str
    state_zh: str
    state_en: str
    is_drill: bool
    live_at: datetime | None
    ended_at: datetime | None
    last_on: date | None
    places: list[BoardPlaceOut]


class BoardOrderOut(msgspec.Struct):
    """An order of the response. people = delivered + on the way; the later numbers are parts of the earlier."""

    id: UUID
    number: str
    title: str
    sentence: str
    state: str
    state_zh: str
    state_en: str
    issued_at: datetime
    until_at: datetime
    people: int
    delivered: int
    acknowledged: int
    working: int
    done: int
    cannot: int


class BoardSweepOut(msgspec.Struct):
    """A sweep of the response; doors = done + remaining."""

    id: UUID
    number: str
    title: str
    state: str
    state_zh: str
    state_en: str
    issued_at: datetime
    until_at: datetime
    doors: int
    done: int
    visited: int
    absent: int
    refused: int
    vacant: int
    help: int
    wrong: int
    remaining: int


class BoardPointOut(msgspec.Struct):
    """A point of a curve: how many by then."""

    at: datetime
    delivered: int = 0
    acknowledged: int = 0
    working: int = 0
    doors: int = 0


class BoardLineOut(msgspec.Struct):
    """A place: its people and its doors."""

    place_id: UUID
    name: str
    level: str
    has_below: bool
    people: int
    acknowledged: int
    cannot: int
    doors: int
    done: int
    help: int


class BoardHelpOut(msgspec.Struct):
    """A call for help (求助): from a worker who cannot, or from a door."""

    kind: str
    kind_zh: str
    kind_en: str
    at: datetime
    place: str
    text: str
    address: str


class BoardResourceOut(msgspec.Struct):
    """What is there of what is needed: people at posts, goods in store."""

    code: str
    zh: str
    en: str
    there: int
    needed: int
    address: str


class BoardLogOut(msgspec.Struct):
    """A line of what was done, the newest first."""

    at: datetime
    zh: str
    en: str
    who: str
    address: str


class CommandBoardOut(msgspec.Struct):
    """One response on one page; everything from roll-ups. `promise_seconds` is the promised line of the curve."""

    at: datetime
    response: BoardResponseOut
    trail: list[BoardPlaceOut]
    orders: list[BoardOrderOut]
    order_id: UUID | None
    sweeps: list[BoardSweepOut]
    sweep_id: UUID | None
    curve: list[BoardPointOut]
    promise_seconds: int
    places: list[BoardLineOut]
    help: list[BoardHelpOut]
    resources: list[BoardResourceOut]
    log: list[BoardLogOut]
