"""Reserve stock as a part of a response (响应中的物资预留)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes.parts import Item, Line, Live
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.work.stock import ledger, packs, queries
from shanzhi.work.stock.flow import RELEASE, RESERVE
from shanzhi.work.stock.models import Store

_KNOWN = {"item", "quantity", "store", "required"}


@dataclass(frozen=True)
class _Need:
    article: packs.Article
    quantity: int
    store: str
    required: bool


class StockPart:
    """`{item: code, quantity: n}`, of one store by `store: code`; `required: true` stops what cannot be met."""

    code, zh, en = "stock", "物资预留", "Reserve stock"

    def check(self, items: Sequence[Item]) -> None:
        """Raises InvalidInput naming stock.<index>."""
        for index, item in enumerate(items):
            _need(item, f"{self.code}.{index}")

    def preview(self, items: Sequence[Item], live: Live, at: datetime) -> list[Line]:
        """What would be reserved, and what is short."""
        lines = []
        stores = queries.stores_for(live.place_ids, localdate(at))
        stock = {
            (one.store_id, one.item): one for one in queries.stocks([one.id for one in stores], localdate(at))
        }
        taken: dict[tuple[UUID, str], int] = {}
        for index, item in enumerate(items):
            need = _need(item, f"{self.code}.{index}")
            left = need.quantity - _had(live, need)
            for store in _of(stores, need):
                key = (store.id, need.article.code)
                free = (stock[key].free if key in stock else 0) - taken.get(key, 0)
                part = max(0, min(left, free))
                taken[key] = taken.get(key, 0) + part
                left -= part
            lines.append(_line(need, max(0, left), "可预留", "can be reserved", wrong=need.required))
        return lines

    def begin(self, items: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Reserve what there is, from the nearest stores; a drill only says what it would."""
        if live.is_drill:
            return [
                Line(f"演练：{line.zh}（未实际预留）", f"Drill: {line.en} (nothing was reserved)", line.count)
                for line in self.preview(items, live, at)
            ]
        stores = queries.stores_for(live.place_ids, localdate(at))
        needs = [_need(item, f"{self.code}.{index}") for index, item in enumerate(items)]
        ledger.lock((store.id, need.article.code) for store in stores for need in needs)
        lines = []
        for need in needs:
            left = need.quantity - _had(live, need)
            for store in _of(stores, need):
                found = queries.stocks([store.id], localdate(at), need.article.code)
                part = min(left, found[0].free if found else 0)
                if part > 0:
                    deed = ledger.Deed(
                        RESERVE, need.article.code, part, activation_id=live.activation_id, reason=live.number
                    )
                    ledger.book(store, deed, actor, at)
                    left -= part
            lines.append(_line(need, max(0, left), "已预留", "reserved"))
        return lines

    def shrink(self, left: Sequence[Item], live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Free what is reserved of articles that the new level does not hold any more."""
        stays = {str(item.get("item", "")) for item in left}
        rows = [
            one
            for one in queries.of_response(live.activation_id)
            if one.item not in stays and one.reserved > 0
        ]
        stores = {
            one.id: one
            for one in Store.objects.filter(id__in=[row.store_id for row in rows]).select_related("place")
        }
        for row in rows:
            deed = ledger.Deed(
                RELEASE,
                row.item,
                row.reserved,
                activation_id=live.activation_id,
                reason=f"{live.number} 调整级别",
            )
            ledger.book(stores[row.store_id], deed, actor, at)
        freed = sum(row.reserved for row in rows)
        return [Line(f"已解除预留 {freed} 件", f"{freed} freed", count=freed)] if freed else []

    def choices(self) -> dict[str, list[tuple[str, str, str]]]:
        """Articles and stores."""
        return {
            "item": [(one.code, one.zh, one.en) for one in packs.articles().values()],
            "store": [(one.code, one.name, one.name) for one in Store.objects.filter(closed_at=None)],
        }

    def end(self, live: Live, actor: Actor, at: datetime) -> list[Line]:
        """Free what is still reserved; say what has to come back (物资归还)."""
        lines = []
        rows = queries.of_response(live.activation_id)
        stores = {
            one.id: one
            for one in Store.objects.filter(id__in=[row.store_id for row in rows]).select_related("place")
        }
        for row in rows:
            article, store = packs.articles().get(row.item), stores[row.store_id]
            name_zh, name_en = (article.zh, article.en) if article else (row.item, row.item)
            unit = article.unit_zh if article else ""
            if row.reserved > 0:
                deed = ledger.Deed(
                    RELEASE,
                    row.item,
                    row.reserved,
                    activation_id=live.activation_id,
                    reason=f"{live.number} 终止",
                )
                ledger.book(store, deed, actor, at)
            if row.open > 0:
                zh, en = f"尚有 {row.open}{unit} 待归还或说明", f"{row.open} to come back or to be explained"
            else:
                zh, en = "已全部归还或说明", "all returned or explained"
            lines.append(
                Line(
                    f"{store.name} {name_zh}：解除预留 {row.reserved}{unit}，领出 {row.issued}{unit}，{zh}",
                    f"{store.name}, {name_en}: {row.reserved} freed, {row.issued} issued, {en}", count=row.open,
                    subject_id=store.id, address=f"/stock?tab=returns&activation={live.activation_id}",
                )
            )  # fmt: skip
        return lines


def _had(live: Live, need: _Need) -> int:
    """What this response reserved, or took, of it already: beginning again reserves nothing twice."""
    return sum(
        one.reserved + one.issued
        for one in queries.of_response(live.activation_id)
        if one.item == need.article.code
    )


def _of(stores: Sequence[Store], need: _Need) -> list[Store]:
    return [one for one in stores if not need.store or one.code == need.store]


def _need(item: Item, where: str) -> _Need:
    if unknown := set(item) - _KNOWN:
        raise InvalidInput(
            field=f"{where}.{sorted(unknown)[0]}", reason_zh="没有这一项。", reason_en="No such entry."
        )
    article = packs.article(str(item.get("item", "")), f"{where}.item")
    quantity, store, required = item.get("quantity"), item.get("store") or "", item.get("required", False)
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 0 < quantity <= 1_000_000:
        raise InvalidInput(
            field=f"{where}.quantity",
            reason_zh="数量应为正整数。",
            reason_en="The quantity is a positive number.",
        )
    if not isinstance(store, str) or not isinstance(required, bool):
        raise InvalidInput(
            field=f"{where}.store", reason_zh="store 应为仓库编码，required 应为 true 或 false。",
            reason_en="store is a store's code, required is true or false.",
        )  # fmt: skip
    return _Need(article, quantity, store, required)


def _line(need: _Need, short: int, done_zh: str, done_en: str, *, wrong: bool = False) -> Line:
    zh = f"{need.article.zh}：{done_zh} {need.quantity - short}/{need.quantity}{need.article.unit_zh}"
    en = f"{need.article.en}: {need.quantity - short} of {need.quantity} {need.article.unit_en} {done_en}"
    if short:
        zh, en = f"{zh}，缺 {short}{need.article.unit_zh}", f"{en}, {short} short"
    return Line(zh, en, count=need.quantity - short, wrong=wrong and short > 0, address="/stock")
