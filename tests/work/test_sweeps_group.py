"""Doors by file: all rows or none, each error names row and column; the group of one sweep, and gone with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from shanzhi.base.retention.holdings import Scope
from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.sweeps import erasing
from shanzhi.work.sweeps.models import GroupDoor, Piece, SweepEvent

SignIn = Callable[[str], Any]
pytestmark = pytest.mark.django_db
HEAD = "小区,楼栋,单元,楼层,门牌号\n"
GOOD = HEAD + "示例苑1,1栋,1,,102\n示例苑2,1,2单元,3层,第2户\n"


def load(
    browser: Any, sweep: str, text: str, purpose: str = "低洼户先转移", basis: str = "statute", dry: str = ""
) -> Any:
    return browser._answer(
        browser.client.post(
            f"/api/sweeps/{sweep}/group/import?purpose={purpose}&basis={basis}&dry_run={dry}",
            {"file": SimpleUploadedFile("list.csv", text.encode())}, headers=browser._headers(None),
        )
    )  # fmt: skip


def test_a_list_of_doors_is_the_group_of_one_sweep(sign_in: SignIn, town: Any, clock: FixedClock) -> None:
    lead, commander = sign_in("zhibanzhang"), sign_in("zhihui")
    sweep = lead.post("/api/sweeps/drafts", town.body(targets=["priority"]))[1]["row"]["id"]
    bad = HEAD + (
        "示例苑1,1栋,1,,102\n示例苑1,1栋,1,,102\n示例苑9,1栋,1,1,1\n示例苑1,7栋,1,1,1\n示例苑1,1栋,9,1,1\n"
        "示例苑1,1栋,1,高,1\n示例苑2,1栋,1,1,9\n示例苑2,1栋,,,1\n,1栋,,,1\n示例苑1,1栋,1,1,\n"
    )
    status, told = load(lead, sweep, bad)
    assert status in {200, 201}, told
    assert [(one["row"], one["field"]) for one in told["errors"]] == [
        (3, "门牌号"), (4, "小区"), (5, "楼栋"), (6, "单元"), (7, "楼层"), (8, "门牌号"), (9, "门牌号"), (10, "小区"),
        (11, "门牌号"),
    ]  # fmt: skip
    assert not GroupDoor.objects.exists()
    for more, field in (({"purpose": ""}, "purpose"), ({"basis": ""}, "basis")):
        status, refused = load(lead, sweep, GOOD, **more)
        assert (status, refused["error"]["field"]) == (422, field)
    assert load(lead, sweep, GOOD, dry="1")[1]["created"] == 2 and not GroupDoor.objects.exists()
    assert load(lead, sweep, GOOD)[1]["created"] == 2
    again = load(lead, sweep, GOOD)[1]
    assert (again["created"], again["unchanged"]) == (0, 2)
    shown = lead.get(f"/api/sweeps/{sweep}")[1]
    assert shown["group"] == {
        "doors": 2, "purpose": "低洼户先转移", "basis_zh": "法定职责", "basis_en": "Statutory duty", "is_open": True,
    }  # fmt: skip
    assert lead.post("/api/sweeps/preview", town.body(targets=["priority"], listed=sweep))[1]["doors"] == 2
    assert lead.post("/api/sweeps/preview", town.body(targets=["priority"]))[1]["doors"] == 0
    # Who runs no sweeps may neither add nor take off; what is no draft any more stays as it is.
    for name in ("s0", "wangge"):
        assert load(sign_in(name), sweep, GOOD)[0] in {403, 404}
        assert sign_in(name).post(f"/api/sweeps/{sweep}/group/clear", {})[0] in {403, 404}
    assert lead.post(f"/api/sweeps/{sweep}/propose", {})[0] == 200
    assert load(lead, sweep, GOOD)[0] == 409 == lead.post(f"/api/sweeps/{sweep}/group/clear", {})[0]
    assert commander.post(f"/api/sweeps/{sweep}/issue", {"seen": 2})[0] == 200
    pieces = Piece.objects.filter(sweep_id=sweep)
    assert sorted((one.doors, one.priority) for one in pieces) == [(1, [0]), (1, [0])]
    assert GroupDoor.objects.count() == 2
    correction = lead.post("/api/sweeps/drafts", town.body(targets=["homes"], supersedes=sweep))[1]
    assert correction["group"]["doors"] == 2
    other = correction["row"]["id"]
    assert lead.post(f"/api/sweeps/{other}/propose", {})[0] == 200
    assert commander.post(f"/api/sweeps/{other}/issue", {})[0] == 200
    # All doors, those of the list first.
    assert sum(len(one.priority) for one in Piece.objects.filter(sweep_id=other)) == 2
    assert erasing.count_groups(Scope(before=clock.now())) == 0
    clock.advance(timedelta(days=2))
    scope = Scope(before=clock.now() - timedelta(days=1))
    # The first was superseded two days ago; the second is under way.
    assert erasing.count_groups(scope) == 2 and erasing.destroy_groups(scope).rows == 2
    assert {str(one.sweep_id) for one in GroupDoor.objects.all()} == {other}
    assert not Piece.objects.filter(sweep_id=sweep).exclude(priority=[]).exists()
    assert sum(len(one.priority) for one in Piece.objects.filter(sweep_id=other)) == 2
    assert list(SweepEvent.objects.filter(sweep_id=sweep, verb="group").values_list("reason", flat=True)) == [
        "2 户；用途：低洼户先转移", "0 户；用途：低洼户先转移",
    ]  # fmt: skip


def test_a_list_is_taken_off_and_goes_with_a_dropped_draft(sign_in: SignIn, town: Any) -> None:
    lead = sign_in("zhibanzhang")
    sweep = lead.post("/api/sweeps/drafts", town.body())[1]["row"]["id"]
    load(lead, sweep, GOOD)
    assert lead.client.get(f"/api/sweeps/{sweep}/group/export").content[:2] == b"PK"
    assert lead.post(f"/api/sweeps/{sweep}/group/clear", {})[1] == {"count": 2}
    assert lead.get(f"/api/sweeps/{sweep}")[1]["group"]["purpose"] == ""
    load(lead, sweep, GOOD)
    assert GroupDoor.objects.count() == 2
    assert lead.post(f"/api/sweeps/{sweep}/drop", {})[0] == 200
    assert not GroupDoor.objects.exists()
