"""Stock as Excel (库存表): what goes out comes in again as a count, and changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import get_current_timezone, localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import STOCK_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.core.documents import (
    NOTHING,
    Column,
    Kind,
    RowError,
    Sheet,
    read_table,
    require_columns,
    write_workbook,
)
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError
from shanzhi.core.kit.texts import text_of
from shanzhi.work.stock import actions, ledger, packs, queries
from shanzhi.work.stock.flow import COUNT, KINDS
from shanzhi.work.stock.models import Entry, Minimum, Store

MAX_FILE_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
MOST_ENTRIES = 50_000
COLUMNS = {
    "仓库编码": "store", "仓库名称": "store_name", "物资编码": "item", "物资名称": "item_name", "批号": "lot",
    "有效期": "expires_on", "结存": "quantity", "最低库存": "minimum",
}  # fmt: skip
_HEADINGS = {field: heading for heading, field in COLUMNS.items()}


def stock_list(stores: Iterable[Store], at: datetime) -> bytes:
    """Every lot of these stores, and their minimums, in the columns of the import."""
    known = {store.id: store for store in stores}
    articles = packs.articles()
    least = queries.minimums(known)
    rows: list[tuple[object, ...]] = []
    seen = set()
    for lot in queries.lots(known):
        first = (lot.store_id, lot.item) not in seen
        if not lot.on_hand and not (first and (lot.store_id, lot.item) in least):
            continue
        seen.add((lot.store_id, lot.item))
        store, article = known[lot.store_id], articles.get(lot.item)
        rows.append(
            (
                store.code, store.name, lot.item, article.zh if article else "", lot.lot, lot.expires_on, lot.on_hand,
                least.get((lot.store_id, lot.item)) if first else None,
            )
        )  # fmt: skip
    for (store_id, item), quantity in least.items():
        if (store_id, item) not in seen:
            store, article = known[store_id], articles.get(item)
            rows.append((store.code, store.name, item, article.zh if article else "", "", None, 0, quantity))
    kinds: dict[str, Kind] = {"quantity": "number", "minimum": "number", "expires_on": "datetime"}
    columns = [Column(heading, kinds.get(field, "text")) for heading, field in COLUMNS.items()]
    return write_workbook([Sheet("库存", columns, rows)], zone=get_current_timezone(), at=at)


def ledger_list(entries: Iterable[Entry], at: datetime, *, zh: bool) -> bytes:
    """The ledger as it is shown."""
    articles = packs.articles()

    def named(entry: Entry) -> str:
        article = articles.get(entry.item)
        return (article.zh if zh else article.en) if article else entry.item

    heads = (
        ("时间", "仓库", "类型", "物资", "批号", "库存增减", "预留增减", "在外增减", "说明", "经办人")
        if zh
        else ("Time", "Store", "Kind", "Article", "Lot", "In store", "Reserved", "Out", "Note", "By")
    )
    kinds = ("datetime", "text", "text", "text", "text", "number", "number", "number", "text", "text")
    rows = [
        (
            one.at, one.store.name, KINDS[one.kind].zh if zh else KINDS[one.kind].en, named(one), one.lot,
            one.on_hand or None, one.reserved or None, one.out or None, one.reason, one.actor_name,
        )
        for one in entries
    ]  # fmt: skip
    columns = [Column(head, kind) for head, kind in zip(heads, kinds, strict=True)]  # type: ignore[arg-type]
    return write_workbook(
        [Sheet("台账" if zh else "Ledger", columns, rows)], zone=get_current_timezone(), at=at
    )


@dataclass(frozen=True)
class StockReport:
    """What an import did, or would do, in lots and minimums."""

    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int
    errors: list[RowError]


@dataclass(frozen=True)
class _Row:
    store: Store
    deed: ledger.Deed
    minimum: int | None


def import_stock(content: bytes, *, actor: Actor, at: datetime, dry_run: bool) -> StockReport:
    """Take a list as counted (盘点导入): each row says how much of a lot is there, and perhaps the minimum.

    Lots that the file does not name stay. With an error in any row nothing is written. Raises Refused; InvalidInput
    for a file that cannot be used at all.
    """
    actor.require(STOCK_MANAGE)
    table = read_table(
        content, max_bytes=MAX_FILE_BYTES, max_unpacked_bytes=20 * MAX_FILE_BYTES, max_rows=MOST_ROWS
    )
    fields = [COLUMNS.get(heading.strip().rstrip("*"), "") for heading in table[0]]
    require_columns(fields, ["store", "quantity"], COLUMNS)
    stores = {
        one.code: one
        for one in queries.stores_visible_to(actor, localdate(at), STOCK_MANAGE)
        .filter(closed_at=None)
        .select_related("place")
    }
    rows: list[_Row] = []
    errors: list[RowError] = []
    first: dict[tuple[UUID, str, str], int] = {}
    count = 0
    for number, line in enumerate(table[1:], start=2):
        if not any(line):
            continue
        count += 1
        # What an export writes for nothing is nothing.
        plain = ("" if cell.strip() == NOTHING else cell for cell in line)
        cells = dict.fromkeys(_HEADINGS, "") | dict(zip(fields, plain, strict=False))
        try:
            row = _read(cells, stores)
            key = (row.store.id, row.deed.item, row.deed.lot)
            if (before := first.setdefault(key, number)) != number:
                raise InvalidInput(
                    field="lot",
                    reason_zh=f"与第 {before} 行是同一批。",
                    reason_en=f"The same lot as row {before}.",
                )
            rows.append(row)
        except ShanzhiError as error:
            errors.append(_wrong(number, error))
    created = changed = unchanged = 0
    with transaction.atomic():
        before_ids = transaction.savepoint()
        ledger.lock((row.store.id, row.deed.item) for row in rows)
        there = {(one.store_id, one.item, one.lot) for one in queries.lots({row.store.id for row in rows})}
        least = queries.minimums({row.store.id for row in rows})
        for row in rows:
            key = (row.store.id, row.deed.item, row.deed.lot)
            try:
                with transaction.atomic():
                    made = ledger.book(row.store, row.deed, actor, at)
            except ShanzhiError as error:
                errors.append(_wrong(first[key], error))
                continue
            is_new = key not in there and bool(made)
            minimum = row.minimum is not None and row.minimum != least.get(key[:2], 0)
            if minimum and row.minimum is not None:
                _set(row, row.minimum)
            created += is_new
            changed += not is_new and (bool(made) or minimum)
            unchanged += not made and not minimum
        if errors or dry_run:
            transaction.savepoint_rollback(before_ids)
        else:
            audit.record(
                actor=actor, event="stock.imported", detail={"rows": count, "created": created, "changed": changed},
                at=at,
            )  # fmt: skip
    errors.sort(key=lambda one: one.row)
    return StockReport(dry_run, count, created, changed, unchanged, errors)


def _set(row: _Row, quantity: int) -> None:
    if quantity:
        Minimum.objects.update_or_create(store=row.store, item=row.deed.item, defaults={"quantity": quantity})
    else:
        Minimum.objects.filter(store=row.store, item=row.deed.item).delete()


def _wrong(number: int, error: ShanzhiError) -> RowError:
    return RowError(
        number, _HEADINGS.get(error.field, error.field), error.sentence("zh"), error.sentence("en")
    )


def _whole(text: str, field: str) -> int:
    plain = text.strip().replace(",", "")
    if plain.endswith(".0"):
        plain = plain[:-2]
    if not (plain.isascii() and plain.isdigit()):
        raise InvalidInput(
            field=field, reason_zh="应为不小于 0 的整数。", reason_en="A whole number, 0 or more."
        )
    return actions.quantity_of(int(plain), field, least=0)


def _read(cells: dict[str, str], stores: dict[str, Store]) -> _Row:
    store = stores.get(cells["store"].strip())
    if store is None:
        raise InvalidInput(
            field="store", reason_zh=f"没有编码为“{cells['store'][:24]}”的仓库，或不由您管理。",
            reason_en=f"There is no store {cells['store'][:24]} that you manage.",
        )  # fmt: skip
    article = packs.named(cells["item"] or cells["item_name"])
    if article is None:
        raise InvalidInput(
            field="item", reason_zh=f"没有物资“{(cells['item'] or cells['item_name'])[:30]}”。",
            reason_en=f"There is no article {(cells['item'] or cells['item_name'])[:30]}.",
        )  # fmt: skip
    lot = text_of(cells["lot"], "lot", "批号", "The lot", 32, needed=False)
    deed = ledger.Deed(
        COUNT, article.code, _whole(cells["quantity"], "quantity"), lot, actions.day_of(cells["expires_on"]),
        reason="导入盘点表",
    )  # fmt: skip
    return _Row(store, deed, _whole(cells["minimum"], "minimum") if cells["minimum"].strip() else None)
