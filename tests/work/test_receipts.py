"""Receipts taken in sets: stored once, compared, never another's."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.orders import receipts
from shanzhi.work.orders.models import Receipt, Said


def take(audience: Any, *sent: tuple[int, dict[str, Any]], later: timedelta = timedelta(0)) -> list[str]:
    """Take what accounts sent; the statuses."""
    made = [
        receipts.submission(audience.accounts[who].id, receipts.read(json.dumps(item).encode()))
        for who, item in sent
    ]
    with connection.cursor() as cursor:
        return [found.status for found in receipts.take(cursor, made, audience.at + later)]


def test_a_receipt_is_stored_with_what_it_says(audience: Any) -> None:
    item = audience.item(1, "cannot", reason="车坏了", answers={"人数": 3})
    assert take(audience, (1, item)) == ["stored"]
    kept = Receipt.objects.get()
    assert (str(kept.id), kept.area, kept.recipient_id, kept.answer) == (
        item["id"], "900101", audience.recipients[1].id, "cannot",
    )  # fmt: skip
    words = Said.objects.get()
    assert (str(words.id), words.area, words.recipient_id, words.reason, words.answers, words.at) == (
        item["id"], "900101", audience.recipients[1].id, "车坏了", {"人数": 3}, audience.at,
    )  # fmt: skip
    assert (kept.happened_at, kept.received_at) == (audience.at, audience.at)


def test_the_same_again_is_known_and_another_content_a_conflict(audience: Any) -> None:
    item = audience.item(0, answers={"a": 1, "b": 2})
    assert take(audience, (0, item)) == ["stored"]
    same = item | {"answers": {"b": 2, "a": 1}, "happened_at": "2026-03-09T10:00:00+08:00"}
    assert take(audience, (0, same), (0, item | {"answer": "done"}), (0, audience.item(0, "read"))) == [
        "known", "conflict", "stored",
    ]  # fmt: skip
    assert sorted(Receipt.objects.values_list("answer", flat=True)) == ["acknowledged", "read"]


def test_the_same_twice_in_one_set(audience: Any) -> None:
    item = audience.item()
    assert take(audience, (0, item), (0, item), (0, item | {"answer": "read"})) == [
        "stored", "known", "conflict",
    ]  # fmt: skip
    assert Receipt.objects.get().answer == "acknowledged"


def test_of_another_nothing_is_taken_nor_told(audience: Any) -> None:
    item = audience.item(0)
    strange = [
        (1, item), (0, audience.item(0, area="900102")), (0, audience.item(0, recipient=str(uuid7()))),
    ]  # fmt: skip
    assert take(audience, *strange) == ["unknown"] * 3
    assert not Receipt.objects.exists()
    assert take(audience, (0, item)) == ["stored"]
    # An id that is there says nothing to whom it does not belong.
    assert take(audience, (1, item)) == ["unknown"]


@pytest.mark.parametrize(
    ("away", "status"),
    [
        (timedelta(minutes=5), "stored"), (timedelta(minutes=5, seconds=1), "invalid"),
        (-timedelta(days=7), "stored"), (-timedelta(days=7, seconds=1), "invalid"),
    ],
)  # fmt: skip
def test_when_it_happened_is_believed_within_bounds(audience: Any, away: timedelta, status: str) -> None:
    item = audience.item(happened_at=(audience.at + away).isoformat())
    assert take(audience, (0, item)) == [status]
    assert Receipt.objects.count() == (status == "stored")


def test_a_late_retry_of_what_is_stored_is_known(audience: Any) -> None:
    item = audience.item()
    assert take(audience, (0, item)) == ["stored"]
    assert take(audience, (0, item), later=timedelta(days=8)) == ["known"]
    assert take(audience, (0, item | {"answer": "done"}), later=timedelta(days=8)) == ["conflict"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "1"}, "id"), ({"area": "12345"}, "area"), ({"area": "900101\n"}, "area"),
        ({"recipient": None}, "recipient"),
        ({"answer": "seen"}, "answer"), ({"happened_at": "2026-03-09T10:00:00"}, "happened_at"),
        ({"happened_at": "0001-01-01T00:00:00+14:00"}, "happened_at"), ({"reason": "长" * 201}, "reason"),
        ({"answer": "cannot", "reason": " "}, "reason"), ({"reason": "a\0b"}, "reason"), ({"answers": []}, "answers"),
        ({"answers": {"a": "x\0"}}, "answers"), ({"answers": {"a": "x" * 4000}}, "answers"),
    ],
)  # fmt: skip
def test_what_does_not_fit_names_its_field(audience: Any, change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        take(audience, (0, audience.item(**change)))
    assert refused.value.field == field
    assert refused.value.sentence("zh") != refused.value.sentence("en") != ""


def test_an_unknown_field_or_a_missing_one_is_refused(audience: Any) -> None:
    item = audience.item()
    for wrong in (item | {"post": "x"}, {k: v for k, v in item.items() if k != "id"}, [], "x"):
        with pytest.raises(InvalidInput):
            receipts.read(json.dumps(wrong).encode())
    for broken in (b'{"id":', b'{"reason": "\\ud800"}', b"\xff"):
        with pytest.raises(InvalidInput):
            receipts.read(broken)
