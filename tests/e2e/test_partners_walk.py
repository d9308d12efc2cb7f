"""An organisation becomes a partner of a community, takes something on, and it is done; a grid worker only looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from tests.e2e.sight import DESK, PHONE, keep


def test_a_school_takes_something_on(window: Any, pictures: Path | None) -> None:
    boss = window(DESK).sign_in("zhihui")
    place = boss.page.evaluate("async () => (await (await fetch('/api/places?q=510107001007')).json())[0].id")
    # The desk writes its queue into the address once it is there; only then does another address stay.
    expect(boss.page.get_by_text("选一件案件开始")).to_be_visible()
    boss.page.goto(f"/#/areas?place={place}&tab=partners")
    expect(boss.get("partners")).to_contain_text("这里还没有共建单位")
    boss.get("partner-new").click()
    boss.get("partner-submit").click()
    expect(boss.get("action-error")).to_have_text("请填写单位名称。")
    boss.get("partner-name").fill("行走小学")
    boss.get("partner-kind").select_option("school")
    boss.get("partner-phone").fill("028-0000-0009")
    boss.get("partner-submit").click()
    card = boss.get("partner")
    expect(card).to_contain_text("028****0009")
    boss.get("agreement-add").click()
    boss.get("agreement-title").fill("校社共建协议")
    boss.get("agreement-content").fill("周末开放操场")
    boss.get("terms-submit").click()
    expect(boss.get("agreement")).to_contain_text("有效")
    boss.get("task-add").click()
    boss.get("task-what").fill("开放操场一次")
    boss.get("terms-submit").click()
    expect(boss.get("partner-task")).to_contain_text("进行中")
    boss.get("task-finish").click()
    boss.get("reason-text").fill("到场三十人")
    boss.get("reason-submit").click()
    expect(boss.get("partner-task")).to_contain_text("到场三十人")
    boss.get("partner-history").click()
    expect(card).to_contain_text("签订 “校社共建协议”")
    keep(boss, pictures, "partners-desk")
    boss.page.set_viewport_size(PHONE)
    expect(card).to_be_in_viewport()
    keep(boss, pictures, "partners-phone")
