"""Stock: a ledger that adds up, reserves that never go below zero, requests from grids, stand-down."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.db.utils import DatabaseError
from django.utils.timezone import localdate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.work.live import actor_of, response

from shanzhi.base.access import SYSTEM
from shanzhi.city.modes import parts
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput, ShanzhiError
from shanzhi.work.stock import actions, files, ledger, queries
from shanzhi.work.stock.flow import KINDS
from shanzhi.work.stock.ledger import Deed
from shanzhi.work.stock.models import Entry, Request, RequestEvent, Store

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Any]
SANDBAG, WATER, PUMP = "3010101", "1010101", "2020101"


@pytest.fixture
def store(city: None, clock: FixedClock) -> Store:
    place = Place.objects.get(level="county", code="510107")
    return actions.make_store(
        "SL-01", "示例区中心库", place.id, address="示例路 1 号", actor=actor_of("cangku", clock.now()),
        at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def book(sign_in: SignIn, store: Store) -> Callable[..., Any]:
    def make(kind: str, quantity: int, item: str = SANDBAG, **more: Any) -> tuple[int, Any]:
        body = {"id": str(uuid4()), "kind": kind, "item": item, "quantity": quantity} | more
        return sign_in("cangku").post(f"/api/stock/stores/{store.id}/book", body)  # type: ignore[no-any-return]

    return make


def balance(store: Store, item: str = SANDBAG, at: date = date(2026, 3, 9)) -> tuple[int, int, int]:
    found = queries.stocks([store.id], at, item)
    return (found[0].on_hand, found[0].reserved, found[0].out) if found else (0, 0, 0)


def test_what_is_booked_adds_up_and_folding_changes_nothing(
    sign_in: SignIn, store: Store, book: Any, clock: FixedClock
) -> None:
    grid = str(Place.objects.filter(level="grid").order_by("code").first().id)  # type: ignore[union-attr]
    assert book("receive", 500)[0] == 201
    status, [issued] = book("issue", 120, place_id=grid, reason="桥下围堰")
    assert (status, issued["on_hand"], issued["out"], issued["to"]) == (201, -120, 120, "示例网格 1-1")
    assert balance(store) == (380, 0, 120)
    assert ledger.fold(clock.now()) == 1
    assert (balance(store), ledger.differs()) == ((380, 0, 120), [])
    assert book("return", 80)[0] == 201
    assert book("consume", 30, reason="已用于封堵")[0] == 201
    assert book("loss", 5, reason="受潮")[0] == 201
    assert book("count", 450, reason="月度盘点")[0] == 201
    assert balance(store) == (450, 0, 10)
    assert (ledger.fold(clock.now()), ledger.fold(clock.now())) == (1, 0)
    assert (balance(store), ledger.differs()) == ((450, 0, 10), [])
    lines = sign_in("zhihui").get(f"/api/stock/ledger?store={store.id}")[1]
    assert [one["kind"] for one in lines["items"]] == [
        "count", "loss", "consume", "return", "issue", "receive",
    ]  # fmt: skip
    [row] = sign_in("zhihui").get("/api/stock/balances")[1]
    assert (row["on_hand"], row["free"], row["out"], row["minimum"]) == (450, 450, 10, None)


def test_what_cannot_be_booked_changes_nothing(sign_in: SignIn, store: Store, book: Any) -> None:
    assert book("receive", 10)[0] == 201
    grid = str(Place.objects.filter(level="grid").first().id)  # type: ignore[union-attr]
    for (kind, quantity, more), (status, code, field) in (
        (("issue", 11, {"place_id": grid}), (409, "stock-not-enough", "quantity")),
        (("issue", 1, {}), (422, "invalid-input", "place_id")),
        (("return", 1, {}), (409, "stock-not-out", "quantity")),
        (("loss", 1, {}), (422, "invalid-input", "reason")),
        (("receive", 0, {}), (422, "invalid-input", "quantity")),
        (("receive", 1, {"item": "9999999"}), (422, "invalid-input", "item")),
        (("receive", 1, {"item": WATER, "lot": "L1"}), (422, "invalid-input", "expires_on")),
        (("reserve", 1, {}), (422, "invalid-input", "kind")),
    ):
        found, wrong = book(kind, quantity, **({"item": SANDBAG} | more))
        assert (found, wrong["error"]["code"], wrong["error"]["field"]) == (status, code, field), kind
    assert Entry.objects.count() == 1
    # Others look, and do not book; whoever has no post of it does not look.
    deed = {"id": str(uuid4()), "kind": "receive", "item": SANDBAG, "quantity": 1}
    assert sign_in("zhiban").post(f"/api/stock/stores/{store.id}/book", deed)[0] == 403
    assert sign_in("wangge").get("/api/stock/balances")[0] == 403
    assert Entry.objects.count() == 1


def test_a_deed_that_is_sent_again_is_done_once(store: Store, book: Any) -> None:
    key = str(uuid4())
    assert book("receive", 10, id=key)[0] == book("receive", 10, id=key)[0] == 201
    assert balance(store) == (10, 0, 0)


def test_what_expires_first_goes_out_first_and_what_has_expired_does_not(
    sign_in: SignIn, store: Store, book: Any, clock: FixedClock
) -> None:
    today, grid = localdate(clock.now()), str(Place.objects.filter(level="grid").first().id)  # type: ignore[union-attr]
    for lot, days in (("旧批", -1), ("近批", 20), ("新批", 300)):
        expires = (today + timedelta(days=days)).isoformat()
        assert book("receive", 10, WATER, lot=lot, expires_on=expires)[0] == 201
    assert (
        book("receive", 1, WATER, lot="近批", expires_on="2027-01-01")[1]["error"]["code"]
        == "stock-lot-expires"
    )
    [row] = sign_in("cangku").get("/api/stock/balances")[1]
    assert (row["on_hand"], row["expired"], row["free"]) == (30, 10, 20)
    assert [one["is_expiring"] for one in row["lots"]] == [False, True, False]
    status, entries = book("issue", 15, WATER, place_id=grid)
    assert [(one["lot"], one["on_hand"]) for one in entries] == [("近批", -10), ("新批", -5)]
    assert book("issue", 6, WATER, place_id=grid)[1]["error"]["params"]["free"] == 5
    # It goes back to where it came from.
    status, entries = book("return", 12, WATER)
    assert {one["lot"]: one["on_hand"] for one in entries} == {"新批": 5, "近批": 7}
    assert ledger.differs() == []


def test_minimums_warn_and_a_store_with_stock_stays_open(sign_in: SignIn, store: Store, book: Any) -> None:
    keeper = sign_in("cangku")
    assert keeper.post(f"/api/stock/stores/{store.id}/minimum", {"item": PUMP, "quantity": 4})[0] == 204
    [row] = keeper.get("/api/stock/balances")[1]
    assert (row["article"]["code"], row["on_hand"], row["minimum"], row["is_low"]) == (PUMP, 0, 4, True)
    book("receive", 4, PUMP)
    assert keeper.get("/api/stock/balances")[1][0]["is_low"] is False
    status, wrong = keeper.post(f"/api/stock/stores/{store.id}/close", {"reason": "搬迁"})
    assert (status, wrong["error"]["code"]) == (409, "stock-store-in-use")
    book("loss", 4, PUMP, reason="报废")
    assert keeper.post(f"/api/stock/stores/{store.id}/close", {"reason": "搬迁"})[0] == 200
    assert book("receive", 1, PUMP)[1]["error"]["code"] == "stock-store-closed"
    status, wrong = keeper.post(
        "/api/stock/stores", {"code": "SL-01", "name": "又一库", "place_id": str(store.place_id)}
    )
    assert (status, wrong["error"]["code"]) == (409, "stock-store-code-taken")


def test_a_grid_asks_the_keeper_grants_and_the_grid_receives(
    sign_in: SignIn, store: Store, book: Any, clock: FixedClock
) -> None:
    book("receive", 100)
    grid, worker, keeper = Place.objects.filter(level="grid").first(), sign_in("wangge"), sign_in("cangku")
    assert grid is not None
    body = {"place_id": str(grid.id), "use": "沿街门店挡水", "items": [{"item": SANDBAG, "quantity": 60}]}
    status, [asked] = worker.post("/api/stock/requests", body)
    assert (status, asked["state"], asked["number"]) == (201, "asked", "WZ20260309-0001")
    step = f"/api/stock/requests/{asked['area']}/{asked['id']}"
    before = RequestEvent.objects.count()
    assert worker.post(f"{step}/approve", {"store_id": str(store.id), "quantity": 60})[0] == 403
    assert (
        keeper.post(f"{step}/approve", {"store_id": str(store.id), "quantity": 61})[1]["error"]["field"]
        == "quantity"
    )
    assert keeper.post(f"{step}/issue", {})[1]["error"]["code"] == "unknown-edge"
    assert keeper.post(f"{step}/receive", {})[1]["error"]["code"] == "unknown-edge"
    assert RequestEvent.objects.count() == before
    status, granted = keeper.post(f"{step}/approve", {"store_id": str(store.id), "quantity": 40})
    assert (status, granted["state"], granted["approved"]) == (200, "approved", 40)
    assert keeper.post(f"{step}/issue", {})[1]["state"] == "issued"
    assert balance(store) == (60, 0, 40)
    assert keeper.post(f"{step}/receive", {})[0] == 403
    status, done = worker.post(f"{step}/receive", {})
    assert (status, done["state"], [one["verb"] for one in done["steps"]]) == (
        200, "received", ["ask", "approve", "issue", "receive"],
    )  # fmt: skip
    # Nobody asks for a place that is not theirs, and nobody grants themselves.
    other = Place.objects.create(
        level="county",
        code="510199",
        name="示例别区",
        pinyin="bie",
        area="510199",
        opened_on=date(2020, 1, 1),
    )
    assert worker.post("/api/stock/requests", body | {"place_id": str(other.id)})[0] == 403
    own = keeper.post("/api/stock/requests", body)[1][0]
    mine = f"/api/stock/requests/{own['area']}/{own['id']}/approve"
    assert keeper.post(mine, {"store_id": str(store.id), "quantity": 1})[0] == 403
    assert Request.objects.filter(state="asked").count() == 1


def test_a_list_of_stock_goes_out_and_comes_in_unchanged(
    sign_in: SignIn, store: Store, book: Any, clock: FixedClock
) -> None:
    keeper = actor_of("cangku", clock.now())
    book("receive", 12)
    book("receive", 10, WATER, lot="L1", expires_on="2027-01-31")
    actions.set_minimum(store.id, SANDBAG, 20, actor=keeper, at=clock.now())
    stores = list(Store.objects.select_related("place"))
    content = files.stock_list(stores, clock.now())
    same = files.import_stock(content, actor=keeper, at=clock.now(), dry_run=False)
    assert (same.rows, same.created, same.changed, same.unchanged, same.errors) == (2, 0, 0, 2, [])
    table = (
        "仓库编码,物资编码,批号,有效期,结存,最低库存\nSL-01,3010101,,,15,20\nSL-01,1010101,L2,2027-06-30,5,\n"
    )
    tried = files.import_stock(table.encode(), actor=keeper, at=clock.now(), dry_run=True)
    assert (tried.created, tried.changed, tried.unchanged) == (1, 1, 0)
    assert balance(store) == (12, 0, 0)
    files.import_stock(table.encode(), actor=keeper, at=clock.now(), dry_run=False)
    assert (balance(store), balance(store, WATER)) == ((15, 0, 0), (15, 0, 0))
    wrong = files.import_stock(
        f"{table}XX,3010101,,,1,\nSL-01,9,,,1,\nSL-01,3010101,,,x,\n".encode(), actor=keeper, at=clock.now(),
        dry_run=False,
    )  # fmt: skip
    assert [(one.row, one.field) for one in wrong.errors] == [(4, "仓库编码"), (5, "物资编码"), (6, "结存")]
    assert (wrong.created, balance(store)) == (0, (15, 0, 0))


def test_a_response_reserves_says_what_is_short_and_frees_it_at_its_end(
    sign_in: SignIn, store: Store, book: Any, clock: FixedClock
) -> None:
    part, at, commander = parts.known()["stock"], clock.now(), actor_of("zhihui", clock.now())
    book("receive", 300)
    items = [{"item": SANDBAG, "quantity": 200}, {"item": PUMP, "quantity": 2, "required": True}]
    part.check(items)
    for bad, field in (
        ({"item": "x", "quantity": 1}, "stock.0.item"), ({"item": PUMP, "quantity": 0}, "stock.0.quantity"),
        ({"item": PUMP, "quantity": 1, "so": 1}, "stock.0.so"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            part.check([bad])
        assert caught.value.field == field
    grid = Place.objects.filter(level="grid").first()
    assert grid is not None
    live = response(at, [grid.id])
    lines = part.preview(items, live, at)
    assert [(line.count, line.wrong) for line in lines] == [(200, False), (0, True)]
    assert "缺 2台" in lines[1].zh and Entry.objects.count() == 1
    # A drill reserves nothing.
    part.begin(items, response(at, [grid.id], is_drill=True), commander, at)
    assert balance(store) == (300, 0, 0)
    part.begin(items, live, commander, at)
    part.begin(items, live, commander, at)
    assert balance(store) == (300, 200, 0)
    # What is reserved is not for others; for the response itself it is.
    assert book("issue", 101, place_id=str(grid.id))[1]["error"]["params"]["free"] == 100
    [asked] = sign_in("wangge").post(
        "/api/stock/requests",
        {"place_id": str(grid.id), "use": "围堰", "items": [{"item": SANDBAG, "quantity": 250}]},
    )[1]
    assert asked["of_response"] is True
    step = f"/api/stock/requests/{asked['area']}/{asked['id']}"
    keeper = sign_in("cangku")
    assert keeper.post(f"{step}/approve", {"store_id": str(store.id), "quantity": 250})[0] == 200
    assert keeper.post(f"{step}/issue", {})[0] == 200
    assert balance(store) == (50, 0, 250)
    for kind, quantity in (("return", 180), ("consume", 50)):
        assert book(kind, quantity, activation_id=str(live.activation_id), reason="围堰拆除")[0] == 201
    [line] = part.end(live, commander, at)
    assert (line.count, line.address) == (20, f"/stock?tab=returns&activation={live.activation_id}")
    [row] = keeper.get(f"/api/stock/returns?activation={live.activation_id}")[1]
    assert (row["issued"], row["returned"], row["consumed"], row["open"]) == (250, 180, 50, 20)
    book("missing", 20, activation_id=str(live.activation_id), reason="被水冲走")
    [line] = part.end(live, commander, at)
    assert line.count == 0
    assert (balance(store), ledger.differs()) == ((230, 0, 0), [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
def test_two_responses_cannot_reserve_the_same_goods(store: Store, clock: FixedClock) -> None:
    at = clock.now()
    ledger_store = Store.objects.select_related("place").get(id=store.id)
    with transaction.atomic():
        ledger.book(ledger_store, Deed("receive", SANDBAG, 100), SYSTEM, at)
    lives = [response(at) for _ in range(2)]
    barrier, outcomes = threading.Barrier(4), []

    def reserve(number: int) -> None:
        barrier.wait()
        try:
            with transaction.atomic():
                deed = Deed("reserve", SANDBAG, 60, activation_id=lives[number % 2].activation_id)
                ledger.book(ledger_store, deed, SYSTEM, at)
            outcomes.append("reserved")
        except ShanzhiError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=reserve, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["reserved", "stock-not-enough", "stock-not-enough", "stock-not-enough"]
    assert balance(store) == (100, 60, 0)
    assert sorted(Entry.objects.values_list("line", flat=True)) == [1, 2]


def test_the_ledger_cannot_be_changed(store: Store, book: Any) -> None:
    book("receive", 1)
    for statement in ("UPDATE stock_entry SET on_hand = 9", "DELETE FROM stock_entry"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


_DEED = st.tuples(
    st.sampled_from([*KINDS, "fold"]),
    st.integers(0, 30), st.sampled_from(["", "甲", "乙"]), st.sampled_from([None, 0, 1]),
)  # fmt: skip


@pytest.mark.once
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_DEED, max_size=25))
def test_whatever_is_booked_in_whatever_order_the_balance_is_the_sum_and_never_below_zero(
    store: Store, clock: FixedClock, deeds: list[tuple[str, int, str, int | None]]
) -> None:
    """Beside a ledger kept by hand in a dictionary of sums."""
    at, on = clock.now(), localdate(clock.now())
    responses = [uuid4(), uuid4()]
    with transaction.atomic():
        for kind, quantity, lot, who in deeds:
            if kind == "fold":
                ledger.fold(at)
                continue
            activation = None if who is None or kind in ("receive", "loss", "count") else responses[who]
            if kind in ("reserve", "release") and activation is None:
                activation = responses[0]
            before = balance(store)
            free = queries.stocks([store.id], on, SANDBAG)
            try:
                with transaction.atomic():
                    deed = Deed(
                        kind,
                        SANDBAG,
                        quantity,
                        "" if kind in ("reserve", "release") else lot,
                        activation_id=activation,
                    )
                    ledger.book(Store.objects.select_related("place").get(id=store.id), deed, SYSTEM, at)
            except ShanzhiError:
                assert balance(store) == before
                continue
            if kind == "reserve":
                assert quantity <= (free[0].free if free else 0)
        sums = Entry.objects.filter(store=store).aggregate(a=Sum("on_hand"), b=Sum("reserved"), c=Sum("out"))
        assert balance(store) == (sums["a"] or 0, sums["b"] or 0, sums["c"] or 0)
        assert ledger.differs() == []
        assert min(balance(store)) >= 0
        lots = queries.lots([store.id])
        assert all(one.on_hand >= 0 and one.out >= 0 for one in lots)
        for activation in responses:
            assert all(one.reserved >= 0 and one.open >= 0 for one in queries.of_response(activation))
        transaction.set_rollback(True)
