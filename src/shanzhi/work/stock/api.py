"""Endpoints of stock."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import Body, FileMetadata, Path, Query, ResponseSpec, modify, validate
from dmr.parsers import MultiPartParser
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController, clock_of
from shanzhi.base.access.capabilities import STOCK_MANAGE, STOCK_VIEW
from shanzhi.base.audit import actions as audit
from shanzhi.core.documents import check_size
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.stock import actions, files, queries, shapes, shown
from shanzhi.work.stock.flow import OPEN, REQUEST
from shanzhi.work.stock.ledger import Deed
from shanzhi.work.stock.models import Store

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE = 100


class StockQuery(msgspec.Struct):
    """Of a store, of an article."""

    store: UUID | None = None
    item: str = ""
    offset: int = 0


class StockExportQuery(StockQuery):
    """The balances or the `ledger`, in a language."""

    what: str = "balances"
    lang: str = "zh"


class StockRequestsQuery(msgspec.Struct):
    """Open ones, or `all`; only the caller's own with `mine`."""

    which: str = ""
    mine: str = ""


class StockReturnsQuery(msgspec.Struct):
    """Of one response, or of all."""

    activation: UUID | None = None


class StockStorePath(msgspec.Struct):
    """Which store."""

    store_id: UUID


class StockRequestPath(msgspec.Struct):
    """Which request, and what is done to it."""

    area: str
    request_id: UUID
    verb: str


class StockImportQuery(msgspec.Struct):
    """`dry_run=1` only reports."""

    dry_run: str = ""


class StockTable(msgspec.Struct):
    """Facts of the uploaded file."""

    name: str
    size: int


class StockFiles(msgspec.Struct):
    """The one file of an import."""

    file: StockTable


class _StockController(ApiController):
    gate = STOCK_VIEW

    def _stores(self, store_id: UUID | None = None) -> list[Store]:
        on = localdate(clock_of(self.request).now())
        rows = queries.stores_visible_to(self.actor, on).select_related("place", "keeper")
        return list(rows if store_id is None else rows.filter(id=store_id))


class StockOptionsController(ApiController):
    """What the forms of stock offer."""

    gate = SIGNED_IN

    def get(self) -> shapes.StockOptionsOut:
        """Articles, stores in sight, the places of one's posts."""
        return shown.options(self.actor, localdate(clock_of(self.request).now()))


class StockBalancesController(_StockController):
    """Balances."""

    def get(self, parsed_query: Query[StockQuery]) -> list[shapes.StockBalanceOut]:
        """What is there, by store and article."""
        on = localdate(clock_of(self.request).now())
        rows = shown.balances_out(self._stores(parsed_query.store), self.actor, on)
        return [row for row in rows if not parsed_query.item or row.article.code == parsed_query.item]


class StockLedgerController(_StockController):
    """The ledger."""

    def get(self, parsed_query: Query[StockQuery]) -> shapes.StockLedgerOut:
        """A page, the newest first."""
        given = parsed_query
        rows = queries.entries_of([one.id for one in self._stores(given.store)], item=given.item)
        start = max(0, given.offset)
        return shapes.StockLedgerOut(shown.entries_out(list(rows[start : start + PAGE])), rows.count())


class StockExportController(_StockController):
    """Balances or ledger as Excel."""

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_query: Query[StockExportQuery]) -> HttpResponse:
        """The balances come in the columns of the import; that they were taken along is recorded."""
        given, at = parsed_query, clock_of(self.request).now()
        stores = self._stores(given.store)
        if given.what == "ledger":
            rows = queries.entries_of([one.id for one in stores], item=given.item)[: files.MOST_ENTRIES]
            content = files.ledger_list(rows, at, zh=given.lang != "en")
        elif given.what == "balances":
            content = files.stock_list(stores, at)
        else:
            raise InvalidInput(field="what", reason_zh="应为结存或台账。", reason_en="Balances or ledger.")
        audit.record(actor=self.actor, event="stock.exported", detail={"what": given.what}, at=at)
        response = HttpResponse(content, content_type=EXCEL)
        response["Content-Disposition"] = (
            f'attachment; filename="stock-{given.what}-{localdate(at):%Y%m%d}.xlsx"'
        )
        response["Cache-Control"] = "private, no-store"
        return response


class StockImportController(ApiController):
    """A list of stock as counted."""

    gate = STOCK_MANAGE
    parsers = (MultiPartParser(),)

    def post(
        self, parsed_query: Query[StockImportQuery], parsed_file_metadata: FileMetadata[StockFiles]
    ) -> shapes.StockImportOut:
        """Take it as counted, or only say what that would do."""
        check_size(parsed_file_metadata.file.size, files.MAX_FILE_BYTES)
        found = files.import_stock(
            self.request.FILES["file"].read(), actor=self.actor, at=clock_of(self.request).now(),
            dry_run=parsed_query.dry_run in {"1", "true"},
        )  # fmt: skip
        return shapes.StockImportOut(
            found.dry_run, found.rows, found.created, found.changed, found.unchanged,
            [shapes.StockRowErrorOut(one.row, one.field, one.message_zh, one.message_en) for one in found.errors],
        )  # fmt: skip


class StockStoresController(_StockController):
    """Stores."""

    gate = STOCK_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.StockStoreIn]) -> shapes.StockStoreOut:
        """Register a store."""
        given, at = parsed_body, clock_of(self.request).now()
        made = actions.make_store(
            given.code, given.name, given.place_id, address=given.address, keeper_id=self.actor.account_id,
            actor=self.actor, at=at,
        )  # fmt: skip
        [out] = shown.stores_out([made], self.actor, localdate(at))
        return out


class StockCloseController(ApiController):
    """Closing a store."""

    gate = STOCK_MANAGE

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[StockStorePath], parsed_body: Body[shapes.StockReasonIn]
    ) -> shapes.StockStoreOut:
        """When nothing is left in it."""
        at = clock_of(self.request).now()
        done = actions.close_store(parsed_path.store_id, parsed_body.reason, actor=self.actor, at=at)
        [out] = shown.stores_out([done], self.actor, localdate(at))
        return out


class StockMinimumController(ApiController):
    """The least that is to be there."""

    gate = STOCK_MANAGE

    @modify(status_code=HTTPStatus.NO_CONTENT)
    def post(self, parsed_path: Path[StockStorePath], parsed_body: Body[shapes.StockMinimumIn]) -> None:
        """Of an article in a store."""
        actions.set_minimum(
            parsed_path.store_id, parsed_body.item, parsed_body.quantity, actor=self.actor,
            at=clock_of(self.request).now(),
        )  # fmt: skip


class StockBookController(ApiController):
    """Booking by hand."""

    gate = STOCK_MANAGE

    @modify(status_code=HTTPStatus.CREATED)
    def post(
        self, parsed_path: Path[StockStorePath], parsed_body: Body[shapes.StockDeedIn]
    ) -> list[shapes.StockEntryOut]:
        """What was appended; none when a count found what was expected."""
        given = parsed_body
        deed = Deed(
            given.kind, given.item, given.quantity, given.lot, given.expires_on, activation_id=given.activation_id,
            place_id=given.place_id, reason=given.reason, group_id=given.id,
        )  # fmt: skip
        made = actions.book(parsed_path.store_id, deed, actor=self.actor, at=clock_of(self.request).now())
        return shown.entries_out(made)


class StockRequestsController(ApiController):
    """Requests."""

    gate = SIGNED_IN

    def get(self, parsed_query: Query[StockRequestsQuery]) -> list[shapes.StockRequestOut]:
        """Those in sight, the newest first."""
        on = localdate(clock_of(self.request).now())
        rows = queries.requests_visible_to(self.actor, on).select_related("place", "store")
        if parsed_query.which != "all":
            rows = rows.filter(state__in=OPEN)
        if parsed_query.mine in {"1", "true"}:
            rows = rows.filter(asked_by_id=self.actor.account_id)
        return shown.requests_out(list(rows[: queries.MOST_LISTED]), self.actor, on)

    @modify(status_code=HTTPStatus.CREATED)
    def post(self, parsed_body: Body[shapes.StockAskIn]) -> list[shapes.StockRequestOut]:
        """Ask for articles."""
        given, at = parsed_body, clock_of(self.request).now()
        wishes = [actions.Wish(given.place_id, one.item, one.quantity, given.use) for one in given.items]
        made = actions.ask(wishes, actor=self.actor, at=at)
        return shown.requests_out(made, self.actor, localdate(at))


class StockRequestController(ApiController):
    """Steps of a request."""

    gate = SIGNED_IN

    @modify(status_code=HTTPStatus.OK)
    def post(
        self, parsed_path: Path[StockRequestPath], parsed_body: Body[shapes.StockStepIn]
    ) -> shapes.StockRequestOut:
        """Approve, refuse, issue, receive, withdraw."""
        given, at = parsed_body, clock_of(self.request).now()
        if parsed_path.verb not in REQUEST.verbs:
            raise InvalidInput(field="verb", reason_zh="没有这个操作。", reason_en="There is no such step.")
        done = actions.perform(
            parsed_path.area, parsed_path.request_id, parsed_path.verb, store_id=given.store_id,
            quantity=given.quantity, reason=given.reason, actor=self.actor, at=at,
        )  # fmt: skip
        [out] = shown.requests_out([done], self.actor, localdate(at))
        return out


class StockReturnsController(_StockController):
    """What responses took."""

    def get(self, parsed_query: Query[StockReturnsQuery]) -> list[shapes.StockReturnOut]:
        """And what has not come back."""
        on = localdate(clock_of(self.request).now())
        return shown.returns_out(self._stores(), self.actor, on, parsed_query.activation)


urlpatterns = [
    path("stock/options", StockOptionsController.as_view(), name="stock-options"),
    path("stock/balances", StockBalancesController.as_view(), name="stock-balances"),
    path("stock/ledger", StockLedgerController.as_view(), name="stock-ledger"),
    path("stock/export", StockExportController.as_view(), name="stock-export"),
    path("stock/import", StockImportController.as_view(), name="stock-import"),
    path("stock/returns", StockReturnsController.as_view(), name="stock-returns"),
    path("stock/stores", StockStoresController.as_view(), name="stock-stores"),
    path("stock/stores/<uuid:store_id>/close", StockCloseController.as_view(), name="stock-close"),
    path("stock/stores/<uuid:store_id>/minimum", StockMinimumController.as_view(), name="stock-minimum"),
    path("stock/stores/<uuid:store_id>/book", StockBookController.as_view(), name="stock-book"),
    path("stock/requests", StockRequestsController.as_view(), name="stock-requests"),
    path(
        "stock/requests/<str:area>/<uuid:request_id>/<str:verb>",
        StockRequestController.as_view(),
        name="stock-request",
    ),
]
