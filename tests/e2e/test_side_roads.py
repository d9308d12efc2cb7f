"""Side roads at real desks: keys alone, hand-backs, extensions, duplicates, many at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from tests.e2e.backstage import Backstage
from tests.e2e.sight import DESK, PHONE, keep

LON, LAT = 104.0352, 30.6352
ROAD, LAMP, COVER, RUBBISH = "020113", "010137", "010123", "020110"
MOST_KEYS, MOST_SECONDS = 6, 15

# One person in three posts, as in a small district.
ALL_POSTS = """
from django.conf import settings
from django.utils.timezone import localdate
from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.places import queries as places
now = settings.SHANZHI_CLOCK.now()
district = places.by_code("510107", localdate(now))
account = people.create_account("yiren", "综合岗丑", "Shanzhi-2026", actor=SYSTEM, at=now)
for kind in ("acceptor", "shift_lead", "dispatcher"):
    people.appoint(account.id, kind, district.id, None, from_on=localdate(now), actor=SYSTEM, at=now)
"""


def show(desk: Any, queue: str, receipt: dict[str, Any]) -> None:
    """Open a case from its queue."""
    desk.get(f"queue-{queue}").click()
    desk.page.locator(f'[data-test="case-row"][data-number="{receipt["number"]}"]').click()
    expect(desk.get("case-number")).to_contain_text(receipt["number"])


def decide(desk: Any, verb: str, note: str = "") -> None:
    """A verb that is in sight, with its note."""
    desk.get(f"action-{verb}").click()
    if note:
        desk.get("field-note").fill(note)
    desk.get("action-submit").click()


def test_one_person_accepts_files_and_dispatches_with_few_keys(
    window: Any, team: Any, backstage: Backstage, pictures: Path | None
) -> None:
    backstage.do(ALL_POSTS)
    receipt = team[""].report(COVER, "井盖踩上去晃。", LON, LAT, "示例路 101 号")
    desk = window(DESK).sign_in("yiren")
    show(desk, "reported", receipt)
    expect(desk.get("action-accept")).to_be_visible()
    pressed, begun = 0, time.monotonic()

    def press(key: str) -> None:
        nonlocal pressed
        pressed += 1
        desk.page.keyboard.press(key)

    def ready(verb: str) -> None:
        expect(desk.page.locator(f'[data-test="action-form"][data-verb="{verb}"]')).to_be_visible()
        desk.page.wait_for_timeout(400)  # a second Enter in the same breath is not meant

    press("a")
    press("Enter")
    ready("file")
    press("2")
    keep(desk, pictures, "keys-file")
    press("Enter")
    ready("dispatch")
    press("Enter")
    expect(desk.get("case-state")).to_contain_text("待签收")
    spent = time.monotonic() - begun
    assert pressed <= MOST_KEYS and spent <= MOST_SECONDS, (pressed, spent)
    expect(desk.get("case-number")).to_contain_text(receipt["number"])
    case = team["paiqian"].case(receipt)
    second = team["zhibanzhang"].case(receipt)["condition"]
    assert case["state"] == "dispatched" and second["filing_rule"]
    desk.page.keyboard.press("?")
    expect(desk.get("help")).to_be_visible()


def test_a_hand_back_cites_a_line_and_goes_to_the_shift_lead_after_two_refusals(
    window: Any, team: Any, pictures: Path | None
) -> None:
    receipt = team[""].report(LAMP, "路灯不亮。", LON, LAT, "示例路 102 号")
    team.walk(receipt, "accept", "file", "dispatch", "sign")
    unit = window(DESK).sign_in("chuzhi")
    show(unit, "signed", receipt)
    unit.page.keyboard.press("r")
    unit.get("field-note").fill("不属我所管养范围。")
    unit.get("action-submit").click()
    expect(unit.get("action-error")).to_be_visible()
    assert unit.get("field-note").input_value() == "不属我所管养范围。"
    unit.page.locator('[data-test^="field-condition-"][type=radio]').first.click()
    keep(unit, pictures, "hand-back-form")
    unit.get("action-submit").click()
    expect(unit.get("case-state")).to_contain_text("回退待批")
    dispatcher = window(DESK).sign_in("paiqian")
    show(dispatcher, "approvals", receipt)
    expect(dispatcher.get("request-return")).to_contain_text("不属我所管养范围。")
    expect(dispatcher.get("request-cited")).to_contain_text("灯")
    keep(dispatcher, pictures, "hand-back-approval")
    decide(dispatcher, "refuse_return", "按目录属你所。")
    expect(dispatcher.get("case-refused-returns")).to_contain_text("1 次")
    team["chuzhi"].act(receipt, "ask_return", note="再次申请。")
    show(dispatcher, "approvals", receipt)
    decide(dispatcher, "refuse_return", "请先处置。")
    expect(dispatcher.get("case-refused-returns")).to_contain_text("2 次")
    team["chuzhi"].act(receipt, "ask_return", note="请值班长裁定。")
    lead = window(DESK).sign_in("zhibanzhang")
    show(lead, "approvals", receipt)
    expect(lead.get("case-refused-returns")).to_contain_text("回退已被驳回 2 次，由值班长裁定")
    keep(lead, pictures, "hand-back-ruling")
    decide(lead, "overrule_return", "由该单位处置。")
    expect(lead.get("case-state")).to_contain_text("待签收")


def test_an_extension_takes_two_consents(window: Any, team: Any, pictures: Path | None) -> None:
    receipt = team[""].report(ROAD, "路面破损。", LON, LAT, "示例路 103 号")
    team.walk(receipt, "accept", "file", "dispatch", "sign")
    unit = window(DESK).sign_in("chuzhi")
    show(unit, "signed", receipt)
    before = unit.get("case-sub").inner_text()
    unit.get("action-more").click()
    keep(unit, pictures, "unit-more")
    decide(unit, "ask_extend", "备件两日后到货。")
    expect(unit.get("request-consents")).to_contain_text("0 / 2")
    head = window(DESK).sign_in("fuzeren")
    show(head, "approvals", receipt)
    decide(head, "endorse_extend")
    expect(head.get("request-consents")).to_contain_text("1 / 2")
    dispatcher = window(DESK).sign_in("paiqian")
    show(dispatcher, "approvals", receipt)
    keep(dispatcher, pictures, "extension-approval")
    decide(dispatcher, "approve_extend")
    expect(dispatcher.get("request-extend")).to_have_count(0)
    expect(dispatcher.get("case-requests")).to_contain_text("已批准")
    expect(dispatcher.get("case-sub")).not_to_have_text(before)


def test_a_duplicate_is_merged_from_the_suggestion_and_its_reporter_sees_the_end(
    window: Any, team: Any, pictures: Path | None
) -> None:
    # The last column of grids: nothing else of this kind was reported there.
    first = team[""].report(RUBBISH, "路边一堆垃圾。", LON + 0.0045, LAT + 0.004, "示例路 104 号")
    team.walk(first, "accept", "file", "dispatch")
    other = team[""].report(RUBBISH, "垃圾没人收。", LON + 0.0046, LAT + 0.004, "示例路 106 号")
    desk = window(DESK).sign_in("shouli")
    show(desk, "reported", other)
    expect(desk.get("case-alike")).to_contain_text("可能重复（1）")
    desk.get(f"merge-{first['number']}").click()
    keep(desk, pictures, "merge-form")
    desk.get("action-submit").click()
    expect(desk.get("case-state")).to_contain_text("已并案")
    desk.get("case-master").get_by_role("link").click()
    expect(desk.get("case-number")).to_contain_text(first["number"])
    expect(desk.get("case-duplicates")).to_contain_text("已并入 1 件")
    team.walk(first, "sign", "handle", "feed_back")
    phone = window(PHONE, is_mobile=True, has_touch=True)
    phone.page.goto(other["follow_url"])
    expect(phone.get("follow-timeline")).to_contain_text("已合并办理")
    expect(phone.get("follow-step")).to_have_attribute("data-step", "4")
    keep(phone, pictures, "resident-merged")
    team.walk(first, "inspect", "close")
    phone.page.reload()
    expect(phone.get("follow-step")).to_have_attribute("data-step", "5")
    expect(phone.get("rate-form")).to_be_visible()


def test_many_are_signed_for_at_once_and_refusals_are_told(
    window: Any, team: Any, pictures: Path | None
) -> None:
    receipts = [team[""].report(LAMP, f"第 {n} 盏灯不亮。", LON, LAT, f"示例巷 {n} 号") for n in range(3)]
    for receipt in receipts:
        team.walk(receipt, "accept", "file", "dispatch")
    unit = window(DESK).sign_in("chuzhi")
    unit.get("queue-dispatched").click()
    expect(unit.page.locator('[data-test^="group-"]').first).to_be_visible()
    for receipt in receipts:
        unit.get(f"check-{receipt['number']}").click()
    expect(unit.get("batch-count")).to_contain_text("已选 3 件")
    keep(unit, pictures, "batch-sign")
    unit.page.route("**/api/cases?**", lambda route: route.abort())  # the list no longer hears of news
    team["chuzhi"].act(receipts[0], "sign")
    unit.get("batch-sign").click()
    told = unit.get("batch-told")
    expect(told).to_contain_text("已办 2 件")
    expect(told).to_contain_text(receipts[0]["number"])
    keep(unit, pictures, "batch-told")
    states = [team["chuzhi"].case(receipt)["state"] for receipt in receipts]
    assert states == ["signed", "signed", "signed"]
