"""One report, from a resident's phone to the rating, at real desks in a real browser."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import expect
from tests.e2e.sight import DESK, PHONE, keep

HERE = {"latitude": 30.6312, "longitude": 104.0312}


def photo(mended: bool = False) -> dict[str, Any]:
    """An invented photo: a grey road with a hole, or with a patch."""
    image = Image.new("RGB", (800, 600), (126, 128, 130))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 800, 130), fill=(170, 176, 168))
    for left in range(40, 800, 200):
        draw.rectangle((left, 150, left + 110, 166), fill=(232, 232, 226))
    if mended:
        draw.rectangle((240, 290, 580, 470), fill=(88, 90, 92))
    else:
        draw.ellipse((230, 280, 590, 480), fill=(70, 64, 58))
        draw.ellipse((280, 320, 540, 460), fill=(48, 42, 38))
    made = io.BytesIO()
    image.save(made, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def sign_in(window: Any, username: str) -> Any:
    """A desk of one person."""
    return window(DESK).sign_in(username)


def act(desk: Any, number: str, queue: str, verb: str, fill: dict[str, Any], after: str) -> None:
    """Open the case from its queue and do one verb as the page offers it."""
    desk.get(f"queue-{queue}").click()
    desk.page.locator(f'[data-test="case-row"][data-number="{number}"]').click()
    expect(desk.get("case-number")).to_contain_text(number)
    desk.get(f"action-{verb}").click()
    if "condition" in fill:
        desk.page.locator(
            '[data-test^="field-condition-"]:not([data-test="field-condition-filter"])'
        ).last.click()
    if "note" in fill:
        desk.get("field-note").fill(fill["note"])
    if "photo" in fill:
        desk.get("field-photo").set_input_files(fill["photo"])
        expect(desk.get("photo-stored").first).to_be_visible()
    if desk.get("action-submit").count():
        desk.get("action-submit").click()
    expect(desk.get("case-state")).to_contain_text(after)


def test_a_report_walks_from_the_phone_to_the_rating(window: Any, pictures: Path | None) -> None:
    phone = window(PHONE, geolocation=HERE, permissions=["geolocation"], is_mobile=True, has_touch=True)
    phone.page.goto("/r/")
    keep(phone, pictures, "resident-report-empty")
    phone.get("report-locate").click()
    expect(phone.get("report-located")).to_be_visible()
    phone.get("report-kind-020113").click()
    phone.get("report-text").fill("路口有个大坑，晚上看不清，电动车绕着走。")
    phone.get("report-address").fill("示例路与样板街路口")
    phone.get("report-photo").set_input_files(photo())
    expect(phone.get("photo-stored").first).to_be_visible()
    keep(phone, pictures, "resident-report")
    phone.get("report-submit").click()
    expect(phone.get("report-number")).to_be_visible()
    number = phone.get("report-number").inner_text().replace(" ", "").strip()
    assert number.startswith("510107")
    keep(phone, pictures, "resident-receipt")
    phone.get("report-follow-link").click()
    expect(phone.get("follow-timeline")).to_contain_text("已收到")
    keep(phone, pictures, "resident-follow")

    acceptor = sign_in(window, "shouli")
    keep(acceptor, pictures, "desk-acceptor")
    act(acceptor, number, "reported", "accept", {}, "待立案")
    keep(acceptor, pictures, "desk-acceptor-done")
    lead = sign_in(window, "zhibanzhang")
    act(lead, number, "accepted", "file", {"condition": True}, "待派遣")
    dispatcher = sign_in(window, "paiqian")
    act(dispatcher, number, "filed", "dispatch", {}, "待签收")
    unit = sign_in(window, "chuzhi")
    act(unit, number, "dispatched", "sign", {}, "处置中")
    act(unit, number, "signed", "handle", {"note": "已用沥青补平。", "photo": photo(mended=True)}, "待反馈")
    act(unit, number, "handled", "feed_back", {"note": "坑洞已补平，感谢您的提醒。"}, "待核查")
    keep(unit, pictures, "desk-unit")
    if pictures:
        unit.get("queue-signed").click()
        unit.page.screenshot(path=pictures / "desk-unit-queue.png")
    worker = sign_in(window, "wangge")
    act(worker, number, "inspecting", "inspect", {}, "待结案")
    act(lead, number, "inspected", "close", {}, "已结案")
    keep(lead, pictures, "desk-closed")

    phone.page.reload()
    expect(phone.get("follow-timeline")).to_contain_text("坑洞已补平")
    keep(phone, pictures, "resident-closed")
    phone.get("rate-solved").click()
    phone.get("rate-star-5").click()
    phone.get("rate-text").fill("很快")
    phone.get("rate-submit").click()
    expect(phone.get("rate-thanks")).to_be_visible()
    keep(phone, pictures, "resident-rated")


def test_a_wrong_password_is_one_clear_sentence(window: Any) -> None:
    desk = window(DESK)
    desk.page.goto("/")
    desk.get("login-username").fill("shouli")
    desk.get("login-password").fill("wrong")
    desk.get("login-submit").click()
    expect(desk.get("login-error")).to_be_visible()
    assert desk.get("login-username").input_value() == "shouli"


def test_the_elder_view_is_large_and_stays(window: Any, pictures: Path | None) -> None:
    phone = window(PHONE, is_mobile=True, has_touch=True)
    phone.page.goto("/r/")
    phone.get("elder-switch").click()
    phone.page.reload()
    expect(phone.get("report-submit")).to_be_visible()
    size = phone.page.evaluate(
        "parseFloat(getComputedStyle(document.querySelector('[data-test=report-text]')).fontSize)"
    )
    assert size >= 18
    low = phone.get("report-submit").bounding_box()
    assert low is not None and low["height"] >= 60
    keep(phone, pictures, "resident-elder")


def test_areas_and_catalogue_are_browsed(window: Any, pictures: Path | None) -> None:
    desk = sign_in(window, "xitong")
    desk.page.goto("/#/areas")
    expect(desk.get("places-tree")).to_contain_text("武侯区")
    keep(desk, pictures, "desk-areas")
    desk.page.goto("/#/catalogue")
    expect(desk.get("catalogue-table")).to_contain_text("路灯")
    keep(desk, pictures, "desk-catalogue")


def test_english_is_complete(window: Any, pictures: Path | None) -> None:
    desk = sign_in(window, "shouli")
    desk.get("lang-switch").click()
    expect(desk.get("queue-reported")).to_contain_text("accept")
    keep(desk, pictures, "desk-english")


def test_a_new_report_reaches_the_desk_without_a_reload(window: Any) -> None:
    desk = sign_in(window, "shouli")
    before = int(desk.get("queue-count-reported").inner_text())
    answer = desk.page.request.post(
        "/api/reports",
        data={
            "id": "018f0000-0000-7000-8000-00000000e2e1", "kind": "010137", "text": "新的一件",
            "lon": HERE["longitude"], "lat": HERE["latitude"],
        },
        headers={"X-CSRFToken": next(c["value"] for c in desk.context.cookies() if c["name"] == "csrftoken")},
    )  # fmt: skip
    assert answer.status == 201
    expect(desk.get("queue-count-reported")).to_have_text(str(before + 1))


def test_the_interface_documents_itself(window: Any, pictures: Path | None) -> None:
    desk = window(DESK)
    answer = desk.page.request.get("/api/openapi.json")
    assert answer.status == 200 and answer.json()["openapi"].startswith("3.1")
    desk.page.goto("/api/docs/")
    expect(desk.page.locator("body")).to_contain_text("善治 Shanzhi")
    expect(desk.page.locator(".opblock").nth(15)).to_be_visible()
    keep(desk, pictures, "docs")


def test_a_report_that_is_not_taken_up_says_why(window: Any, pictures: Path | None) -> None:
    phone = window(PHONE, is_mobile=True, has_touch=True)
    answer = phone.page.request.post(
        "/api/reports",
        data={
            "id": "018f0000-0000-7000-8000-00000000e2e2", "kind": "020301", "text": "邻区工地夜里施工",
            "lon": HERE["longitude"], "lat": HERE["latitude"],
        },
    )  # fmt: skip
    receipt = answer.json()
    acceptor = sign_in(window, "shouli")
    reason = "该工地在邻区，已告知您邻区的受理电话。"
    act(acceptor, receipt["number"], "reported", "reject", {"note": reason}, "不予受理")
    phone.page.goto(receipt["follow_url"])
    expect(phone.get("follow-ended")).to_contain_text("未受理")
    expect(phone.get("follow-timeline")).to_contain_text(reason)
    keep(phone, pictures, "resident-rejected")


def test_a_failed_inspection_is_one_button(window: Any, pictures: Path | None) -> None:
    worker = sign_in(window, "wangge")
    worker.get("queue-inspecting").click()
    worker.page.locator('[data-test="case-row"]').first.click()
    expect(worker.get("action-inspect")).to_be_visible()
    worker.get("action-rework").click()
    worker.get("field-note").fill("绿化带里还有垃圾。")
    keep(worker, pictures, "desk-rework")
    worker.get("action-submit").click()
    expect(worker.get("case-state")).to_contain_text("处置中")
