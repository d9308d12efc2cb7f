"""How stock becomes what its pages say."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import STOCK_MANAGE, STOCK_VIEW
from shanzhi.city.modes.models import Activation
from shanzhi.city.places.models import Place
from shanzhi.work.stock import actions, packs, queries, shapes
from shanzhi.work.stock.flow import BY_HAND, KINDS, OWN, REQUEST
from shanzhi.work.stock.models import Entry, Request, RequestEvent, Store


def article_out(code: str) -> shapes.StockArticleOut:
    """An article; one that the pack no longer has by its code alone."""
    found = packs.articles().get(code) or packs.Article(code, code, code, "", "")
    return shapes.StockArticleOut(found.code, found.zh, found.en, found.unit_zh, found.unit_en, found.expires)


def _managed(actor: Actor, on: date) -> set[UUID]:
    if not actor.can(STOCK_MANAGE):
        return set()
    return set(queries.stores_visible_to(actor, on, STOCK_MANAGE).values_list("id", flat=True))


def stores_out(stores: Sequence[Store], actor: Actor, on: date) -> list[shapes.StockStoreOut]:
    """Stores; read with place and keeper."""
    managed = _managed(actor, on)
    return [
        shapes.StockStoreOut(
            one.id, one.code, one.name, shapes.StockNamedOut(one.place_id, one.place.name), one.address,
            one.keeper.display_name if one.keeper else "", one.closed_at, one.id in managed,
        )
        for one in stores
    ]  # fmt: skip


def options(actor: Actor, on: date) -> shapes.StockOptionsOut:
    """What the forms offer."""
    stores: list[Store] = []
    if actor.can(STOCK_VIEW):
        stores = list(queries.stores_visible_to(actor, on).select_related("place", "keeper"))
    own = Place.objects.filter(id__in=[post.place_id for post in actor.posts], closed_on=None)
    return shapes.StockOptionsOut(
        may_view=actor.can(STOCK_VIEW), may_manage=actor.can(STOCK_MANAGE),
        articles=[article_out(code) for code in packs.articles()], stores=stores_out(stores, actor, on),
        kinds=[shapes.StockKindOut(code, KINDS[code].zh, KINDS[code].en, KINDS[code].reason) for code in BY_HAND],
        own_places=[shapes.StockNamedOut(one.id, one.name) for one in own],
    )  # fmt: skip


def balances_out(stores: Sequence[Store], actor: Actor, on: date) -> list[shapes.StockBalanceOut]:
    """What is there, what is short, what expires; those that need somebody first."""
    known = {one.id: one for one in stores}
    managed, least = _managed(actor, on), queries.minimums(known)
    soon = on + timedelta(days=packs.expiring_days())
    found = {(one.store_id, one.item): one for one in queries.stocks(known, on)}
    for store_id, item in least:
        found.setdefault((store_id, item), queries.Stock(store_id, item, 0, 0, 0, 0, ()))
    out = []
    for (store_id, item), one in found.items():
        minimum = least.get((store_id, item))
        if not (one.on_hand or one.reserved or one.out or minimum):
            continue
        out.append(
            shapes.StockBalanceOut(
                store_id=store_id, store=known[store_id].name, article=article_out(item), on_hand=one.on_hand,
                reserved=one.reserved, free=one.free, out=one.out, expired=one.expired, uncovered=one.uncovered,
                minimum=minimum, is_low=minimum is not None and one.on_hand - one.expired < minimum,
                lots=[
                    shapes.StockLotOut(
                        lot.lot, lot.expires_on, lot.on_hand, lot.expires_on is not None and lot.expires_on <= on,
                        lot.expires_on is not None and on < lot.expires_on <= soon,
                    )
                    for lot in one.lots
                ],
                may_manage=store_id in managed and known[store_id].closed_at is None,
            )
        )  # fmt: skip
    out.sort(
        key=lambda row: (
            not (row.is_low or row.uncovered or row.expired), known[row.store_id].code, row.article.code
        )
    )  # fmt: skip
    return out


def entries_out(entries: Sequence[Entry]) -> list[shapes.StockEntryOut]:
    """Lines of the ledger."""
    ids = {one.place_id for one in entries if one.place_id}
    names = dict(Place.objects.filter(id__in=ids).values_list("id", "name"))
    return [
        shapes.StockEntryOut(
            one.id, one.at, one.store.name, one.kind, KINDS[one.kind].zh, KINDS[one.kind].en, article_out(one.item),
            one.lot, one.on_hand, one.reserved, one.out, one.activation_id is not None,
            names.get(one.place_id, "") if one.place_id else "", one.reason, one.actor_name,
        )
        for one in entries
    ]  # fmt: skip


_ASKED = {"ask": ("申请", "Asked for")}


def requests_out(requests: Sequence[Request], actor: Actor, on: date) -> list[shapes.StockRequestOut]:
    """Requests with their history and what the caller may do."""
    ids = [one.id for one in requests]
    steps: dict[UUID, list[shapes.StockStepOut]] = {}
    verbs = {edge.verb: (edge.zh, edge.en) for edge in REQUEST.edges} | _ASKED
    for event in RequestEvent.objects.filter(area__in={one.area for one in requests}, request_id__in=ids):
        zh, en = verbs[event.verb]
        steps.setdefault(event.request_id, []).append(
            shapes.StockStepOut(event.at, event.verb, zh, en, event.actor_name, event.reason)
        )
    managed: set[UUID] = set()
    if actor.can(STOCK_MANAGE):
        rows = queries.requests_visible_to(actor, on, STOCK_MANAGE).filter(id__in=ids)
        managed = set(rows.exclude(asked_by_id=actor.account_id).values_list("id", flat=True))
    out = []
    for one in requests:
        state = REQUEST.state(one.state)
        own = actions.may_receive(actor, one)
        out.append(
            shapes.StockRequestOut(
                area=one.area, id=one.id, number=one.number, place=shapes.StockNamedOut(one.place_id, one.place.name),
                article=article_out(one.item), quantity=one.quantity, approved=one.approved, use=one.use,
                state=one.state, state_zh=state.zh, state_en=state.en, store=one.store.name if one.store else "",
                of_response=one.activation_id is not None, asked_by=one.asked_by, asked_at=one.asked_at,
                steps=steps.get(one.id, []),
                allowed_actions=[
                    shapes.StockActionOut(edge.verb, edge.zh, edge.en, list(edge.requires))
                    for edge in REQUEST.edges_from(one.state)
                    if (own if edge.verb in OWN else one.id in managed)
                ],
            )
        )  # fmt: skip
    return out


def returns_out(
    stores: Sequence[Store], actor: Actor, on: date, activation_id: UUID | None
) -> list[shapes.StockReturnOut]:
    """What responses took from these stores; what has not come back stands first."""
    known, managed = {one.id: one for one in stores}, _managed(actor, on)
    rows = Entry.objects.filter(store_id__in=known, activation_id__isnull=False)
    wanted = (
        [activation_id] if activation_id else list(rows.values_list("activation_id", flat=True).distinct())
    )
    numbers = dict(Activation.objects.filter(id__in=wanted).values_list("id", "number"))
    out = [
        shapes.StockReturnOut(
            one_id, numbers.get(one_id, ""), one.store_id, known[one.store_id].name, article_out(one.item),
            one.reserved, one.issued, one.returned, one.consumed, one.missing, one.open, one.store_id in managed,
        )
        for one_id in wanted
        for one in queries.of_response(one_id)
        if one.store_id in known and (one.reserved or one.issued)
    ]  # fmt: skip
    out.sort(key=lambda row: (row.open <= 0, row.number, row.store, row.article.code))
    return out
