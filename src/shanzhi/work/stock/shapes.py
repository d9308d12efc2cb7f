"""What the endpoints of stock take and give."""

from datetime import date, datetime
from uuid import UUID

import msgspec


class StockNamedOut(msgspec.Struct):
    """Something with a name."""

    id: UUID
    name: str


class StockArticleOut(msgspec.Struct):
    """An article."""

    code: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    expires: bool


class StockStoreOut(msgspec.Struct):
    """A store."""

    id: UUID
    code: str
    name: str
    place: StockNamedOut
    address: str
    keeper: str
    closed_at: datetime | None
    may_manage: bool


class StockKindOut(msgspec.Struct):
    """What may be booked by hand."""

    code: str
    zh: str
    en: str
    reason: bool


class StockOptionsOut(msgspec.Struct):
    """Articles, stores in sight, what may be booked, the places of the caller's posts."""

    may_view: bool
    may_manage: bool
    articles: list[StockArticleOut]
    stores: list[StockStoreOut]
    kinds: list[StockKindOut]
    own_places: list[StockNamedOut]


class StockLotOut(msgspec.Struct):
    """What is there of a lot."""

    lot: str
    expires_on: date | None
    quantity: int
    is_expired: bool
    is_expiring: bool


class StockBalanceOut(msgspec.Struct):
    """An article in a store; `minimum` null: none was set."""

    store_id: UUID
    store: str
    article: StockArticleOut
    on_hand: int
    reserved: int
    free: int
    out: int
    expired: int
    uncovered: int
    minimum: int | None
    is_low: bool
    lots: list[StockLotOut]
    may_manage: bool


class StockEntryOut(msgspec.Struct):
    """A line of the ledger."""

    id: UUID
    at: datetime
    store: str
    kind: str
    kind_zh: str
    kind_en: str
    article: StockArticleOut
    lot: str
    on_hand: int
    reserved: int
    out: int
    of_response: bool
    to: str
    reason: str
    actor: str


class StockLedgerOut(msgspec.Struct):
    """A page of the ledger; `total` counts all of it."""

    items: list[StockEntryOut]
    total: int


class StockActionOut(msgspec.Struct):
    """What the caller may do to a request now."""

    verb: str
    zh: str
    en: str
    requires: list[str]


class StockStepOut(msgspec.Struct):
    """A step in the history of a request."""

    at: datetime
    verb: str
    zh: str
    en: str
    actor: str
    reason: str


class StockRequestOut(msgspec.Struct):
    """A request."""

    area: str
    id: UUID
    number: str
    place: StockNamedOut
    article: StockArticleOut
    quantity: int
    approved: int | None
    use: str
    state: str
    state_zh: str
    state_en: str
    store: str
    of_response: bool
    asked_by: str
    asked_at: datetime
    steps: list[StockStepOut]
    allowed_actions: list[StockActionOut]


class StockReturnOut(msgspec.Struct):
    """What a response took of an article from a store, and what has not come back."""

    activation_id: UUID
    number: str
    store_id: UUID
    store: str
    article: StockArticleOut
    reserved: int
    issued: int
    returned: int
    consumed: int
    missing: int
    open: int
    may_manage: bool


class StockStoreIn(msgspec.Struct):
    """A store to register."""

    code: str
    name: str
    place_id: UUID
    address: str = ""


class StockReasonIn(msgspec.Struct):
    """Why."""

    reason: str


class StockMinimumIn(msgspec.Struct):
    """How much is to be there at least; 0: no minimum."""

    item: str
    quantity: int


class StockDeedIn(msgspec.Struct):
    """What is booked. `id` names this very deed: sent again, it is done once."""

    id: UUID
    kind: str
    item: str
    quantity: int
    lot: str = ""
    expires_on: date | None = None
    place_id: UUID | None = None
    activation_id: UUID | None = None
    reason: str = ""


class StockWishIn(msgspec.Struct):
    """An article that is asked for."""

    item: str
    quantity: int


class StockAskIn(msgspec.Struct):
    """What a place asks for, and what for."""

    place_id: UUID
    use: str
    items: list[StockWishIn]


class StockStepIn(msgspec.Struct):
    """What comes with a step of a request."""

    store_id: UUID | None = None
    quantity: int | None = None
    reason: str = ""


class StockRowErrorOut(msgspec.Struct):
    """What is wrong in one row of a file."""

    row: int
    field: str
    message_zh: str
    message_en: str


class StockImportOut(msgspec.Struct):
    """What an import did, or would do."""

    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int
    errors: list[StockRowErrorOut]
