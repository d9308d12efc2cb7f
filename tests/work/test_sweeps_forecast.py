"""When a sweep will be done: with the people who are there, with more, and when nobody is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.work.conftest import HOMES, Town

from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.sweeps import forecast, sharing, turns
from shanzhi.work.sweeps.models import Share

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def ask(sign_in: Any, sweep_id: str, more: Any = 0) -> tuple[int, Any]:
    status, body = sign_in("zhihui").get(f"/api/sweeps/{sweep_id}/forecast?more={more}")
    return status, body


def test_more_people_are_done_sooner_and_doors_that_are_done_count_no_more(
    sign_in: Any, town: Town, clock: FixedClock, issued: Any
) -> None:
    sweep_id = issued()["row"]["id"]
    status, found = ask(sign_in, sweep_id)
    assert status == 200
    lists: dict[Any, int] = {}
    for share in Share.objects.filter(sweep_id=sweep_id):
        lists[share.account_id] = lists.get(share.account_id, 0) + len(share.doors)
    assert sum(lists.values()) == 4 * HOMES
    assert (found["people"], found["doors"], found["then_at"]) == (len(lists), 4 * HOMES, None)
    pace = forecast.pace()
    # A door that opens takes longer than its median; nobody home means a second try.
    assert found["door_seconds"] > pace.door_median + pace.walk
    last = datetime.fromisoformat(found["done_at"])
    assert (
        timedelta(0)
        < last - clock.now()
        <= timedelta(seconds=max(lists.values()) * (found["door_seconds"] + 1))
    )
    status, more = ask(sign_in, sweep_id, 40)
    then = datetime.fromisoformat(more["then_at"])
    assert more["done_at"] == found["done_at"] and then <= last
    assert then >= clock.now() + timedelta(
        seconds=min(pace.help_after, (last - clock.now()).total_seconds()) * 0.5
    )


def test_doors_that_nobody_has_wait_for_people_who_are_sent(
    sign_in: Any, town: Town, clock: FixedClock, issued: Any
) -> None:
    sweep_id = issued()["row"]["id"]
    Share.objects.all().delete()
    status, found = ask(sign_in, sweep_id, 4)
    assert status == 200
    assert (found["people"], found["done_at"]) == (0, None)
    then = datetime.fromisoformat(found["then_at"])
    begin = clock.now() + timedelta(seconds=forecast.pace().help_after)
    each = found["door_seconds"] * 4 * HOMES / 4
    assert begin + timedelta(seconds=each * 0.8) < then < begin + timedelta(seconds=each * 1.2)


def test_a_number_of_people_that_cannot_be_is_refused(sign_in: Any, town: Town, issued: Any) -> None:
    sweep_id = issued()["row"]["id"]
    for more in (-1, forecast.MOST_PEOPLE + 1):
        status, body = ask(sign_in, sweep_id, more)
        assert (status, body["error"]["field"]) == (422, "more")


def test_a_sweep_that_is_not_issued_has_no_forecast(sign_in: Any, town: Town, clock: FixedClock) -> None:
    status, made = sign_in("zhibanzhang").post("/api/sweeps/drafts", town.body())
    assert status == 201
    assert ask(sign_in, made["row"]["id"])[0] == 404
    turns.open_due(clock.now())
    sharing.share_all(clock.now())
    assert ask(sign_in, made["row"]["id"])[0] == 404
