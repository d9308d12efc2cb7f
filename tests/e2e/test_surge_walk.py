"""A unit registers somebody, one click posts them, they report in and are relieved; a board is kept and looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from tests.e2e.sight import DESK, PHONE, keep


def test_somebody_is_registered_assigned_and_relieved(window: Any, pictures: Path | None) -> None:
    lead = window(PHONE).sign_in("fuzeren")
    lead.page.goto("/#/surge")
    lead.get("offer-new").click()
    lead.get("offer-submit").click()
    expect(lead.get("action-error")).to_have_text("请选择派出单位。")
    lead.get("offer-unit").select_option(index=1)
    lead.get("offer-name").fill("行走干部甲")
    lead.get("offer-home").fill("510107001007")
    lead.get("offer-home-row").first.click()
    lead.get("offer-submit").click()
    expect(lead.get("offer-done")).to_contain_text("行走干部甲")
    keep(lead, pictures, "surge-phone")

    boss = window(DESK).sign_in("zhihui")
    boss.get("nav-surge").click()
    boss.get("need-new").click()
    boss.get("pick-need-input").fill("510107001007")
    boss.get("pick-row").first.click()
    boss.get("need-people").fill("2")
    boss.get("need-submit").click()
    expect(boss.get("action-error")).to_have_text("请写明首个任务。")
    boss.get("need-task").fill("逐户登记")
    boss.get("need-submit").click()
    expect(boss.get("need-form")).to_have_count(0)
    keep(boss, pictures, "surge-needs")
    boss.get("assign-open").click()
    row = boss.get("assign-row").filter(has_text="行走干部甲")
    expect(row).to_contain_text("住本社区")
    keep(boss, pictures, "surge-assign")
    boss.get("assign-confirm").click()
    expect(boss.get("assign-done")).to_be_visible()
    boss.page.keyboard.press("Escape")
    boss.get("tab-postings").click()
    boss.get("postings-by-compound").click()
    posted = boss.get("posting-row").filter(has_text="行走干部甲")
    posted.locator('[data-test="posting-report_in"]').click()
    expect(posted.locator('[data-test="surge-state"]')).to_have_text("在岗")
    keep(boss, pictures, "surge-postings")
    posted.locator('[data-test="posting-relieve"]').click()
    boss.get("reason-submit").click()
    expect(boss.get("action-error")).to_have_text("请写明理由。")
    boss.get("reason-text").fill("轮休")
    boss.get("reason-submit").click()
    expect(posted.locator('[data-test="surge-state"]')).to_have_text("已轮换")


def test_a_board_is_kept_at_the_desk_and_read_by_residents(
    window: Any, team: Any, pictures: Path | None
) -> None:
    desk = window(DESK).sign_in("xitong")
    grid = team["xitong"].context.request.get("/api/places?q=示例网格 1-1").json()[0]
    desk.page.goto(f"/#/areas?place={grid['id']}&tab=card")
    head = desk.page.locator('[data-test="board-line"][data-role="head"]')
    head.locator('[data-test="board-edit"]').click()
    desk.get("contact-phone").fill("打我")
    desk.get("contact-save").click()
    expect(desk.get("action-error")).to_contain_text("3 至 16 位数字")
    desk.get("contact-phone").fill("028-0000-7777")
    desk.get("contact-shown").check()
    desk.get("contact-save").click()
    expect(head.locator('[data-test="board-phone"]')).to_have_text("028-0000-7777")
    keep(desk, pictures, "board")
    page = desk.page.request.get(desk.get("board-file-board").get_attribute("href"))
    assert page.ok
    assert page.body().startswith(b"%PDF")

    resident = window(PHONE)
    resident.page.goto(f"/r/#/grid/{grid['code']}")
    first = resident.get("grid-person").first
    expect(first.locator('[data-test="grid-phone"]')).to_have_attribute("href", "tel:02800007777")
    keep(resident, pictures, "grid-resident")
    resident.get("elder-switch").click()
    keep(resident, pictures, "grid-elder")
    resident.get("grid-report").click()
    expect(resident.page.get_by_text("示例网格 1-1")).to_be_visible()
