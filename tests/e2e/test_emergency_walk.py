"""A flood: proposed, approved, two hundred phones answer, doors are visited, all is wound up and destroyed."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from tests.e2e import phones
from tests.e2e.backstage import Backstage
from tests.e2e.sight import DESK, PHONE, SOON, WALL, keep, place, read, today

STREET, COMMUNITY = "510107063", "510107063012"  # a street of the demo district, and a small community of it
MANY, ONLY_DELIVERED, CANNOT = 200, 10, 6


@pytest.fixture(scope="module")
def crowd(team: Any, backstage: Backstage) -> list[phones.Phone]:
    """The two hundred, and the worker."""
    intake = read(team["zhihui"], "/api/push/config")["intake"]
    return phones.enrol(backstage, STREET, COMMUNITY, MANY, intake)


def test_a_flood_reaches_every_worker_and_every_door(
    window: Any, team: Any, crowd: list[phones.Phone], pictures: Path | None
) -> None:
    response = _activated(window, team, pictures)
    boss = team["zhihui"]
    board = read(boss, f"/api/board/{response}")
    [order], [sweep] = board["orders"], board["sweeps"]
    assert order["people"] == MANY + 1 and sweep["doors"] > 1000

    # The phones answer through the hot door; each once, and each is told that it is stored.
    def answer(numbered: tuple[int, phones.Phone]) -> list[str]:
        n, phone = numbered
        if n < ONLY_DELIVERED:
            return phone.say(order["id"], "delivered")
        if n < ONLY_DELIVERED + CANNOT:
            return phone.say(order["id"], "delivered", "cannot", reason="示例：道路积水，过不去")
        return phone.say(order["id"], "delivered", "acknowledged")

    told = phones.at_once(answer, enumerate(crowd[:MANY]))
    assert {status for one in told for status in one} == {"stored"}
    wall = window(DESK).sign_in("zhihui")
    wall.page.goto(f"/#/board/{response}")
    acknowledged = MANY - ONLY_DELIVERED  # who cannot has answered too
    expect(wall.get("board-acknowledged")).to_contain_text(f"{acknowledged} / {MANY + 1}", timeout=SOON)
    expect(wall.get("board-delivered")).to_contain_text(f"{MANY} / {MANY + 1}")
    expect(wall.get("board-help")).to_contain_text("道路积水")
    keep(wall, pictures, "board")

    _worker(window, team, crowd, sweep["id"], pictures)
    visited = 1 + _others(team, crowd, sweep["id"])

    # The board shows the doors; it reconciles, and so does the page of the sweep.
    expect(wall.get("board-acknowledged")).to_contain_text(f"{acknowledged + 1} / {MANY + 1}", timeout=SOON)
    expect(wall.get("board-help")).to_contain_text("住户求助", timeout=SOON)
    for _ in range(SOON // 1000):
        [after] = read(boss, f"/api/board/{response}")["sweeps"]
        if after["visited"] == visited:
            break
        time.sleep(1)
    named = sum(after[name] for name in ("visited", "refused", "vacant", "help", "wrong"))
    assert after["done"] == named == after["doors"] - after["remaining"] > visited > 60
    assert (after["refused"], after["help"], after["absent"]) == (2, 1, 1)
    keep(wall, pictures, "board-doors")
    wall.page.goto(f"/#/sweeps/{sweep['id']}")
    expect(wall.get("sweep-n-help")).to_contain_text("1")
    expect(wall.get("sweep-n-visited")).to_contain_text(str(after["visited"]))
    keep(wall, pictures, "sweep")
    if pictures:
        big = window(WALL).sign_in("zhihui")
        big.page.goto(f"/#/board/{response}?wall=1")
        expect(big.get("board-doors")).to_be_visible()
        keep(big, pictures, "wall")
    # Whoever signs in after this begins with daily work again.
    boss.send(f"/api/responses/{response}/end", {"reason": "示例：预警解除"})


def _activated(window: Any, team: Any, pictures: Path | None) -> str:
    """The shift lead proposes level II for one street and sees what it would do; the commander approves."""
    lead = window(DESK).sign_in("zhibanzhang")
    lead.page.goto("/#/plans/flood/propose")
    expect(lead.get("propose-level-2")).to_have_count(1, timeout=SOON)
    lead.page.locator('label:has([data-test="propose-level-2"])').click()
    expect(lead.get("propose-level-2")).to_be_checked()
    lead.get("pick-propose-input").fill(STREET)
    lead.get("pick-row").first.click()
    preview = lead.get("propose-preview")
    for words in ("低洼户转移", f"将送达 {MANY + 1} 人", "户"):
        expect(preview).to_contain_text(words, timeout=SOON)
    lead.get("propose-submit").click()
    expect(lead.page.get_by_text(re.compile("文号.*")).first).to_be_visible()
    expect(lead.page).to_have_url(re.compile("propose"))
    lead.get("propose-document").fill("示例汛指〔2026〕7号")
    lead.get("propose-reason").fill("示例：低洼社区出现内涝")
    keep(lead, pictures, "proposal")
    lead.get("propose-submit").click()
    lead.page.wait_for_url(re.compile(r"#/responses/[0-9a-f-]{36}$"))
    response = str(lead.page.url.rsplit("/", 1)[1])
    # Whoever proposed does not approve.
    expect(lead.get("response-do-withdraw")).to_be_visible()
    expect(lead.get("response-do-approve")).to_have_count(0)

    boss = window(DESK).sign_in("zhihui")
    boss.page.goto(f"/#/responses/{response}")
    boss.get("response-do-approve").click()
    boss.get("step-go").click()
    expect(boss.get("response-state-tag")).to_have_text("响应中", timeout=SOON)
    expect(boss.get("response-order")).to_contain_text("低洼户转移")
    expect(boss.get("response-sweep")).to_contain_text("低洼户转移核查")
    expect(boss.get("due-first")).to_be_visible()
    keep(boss, pictures, "response")
    return response


def _worker(window: Any, team: Any, crowd: list[phones.Phone], sweep: str, pictures: Path | None) -> None:
    """A worker acknowledges, and visits doors: four with a network, one without."""
    worker = window(PHONE).sign_in(phones.WORKER)
    # The order stands above whatever page is open, or on the page of orders that the plan opens first.
    expect(worker.page.get_by_text("两小时内通知低洼、一楼住户转移").first).to_be_visible(timeout=SOON)
    keep(worker, pictures, "order-phone")
    worker.get("my-order-ack").first.click()
    expect(worker.get("my-order-ack")).to_have_count(0)
    worker.page.goto("/#/my-doors")
    expect(worker.get("doors-progress")).to_contain_text("0 / ", timeout=SOON)
    worker.get("doors-all").check()
    head = worker.get("door-head")
    head.nth(0).click()
    worker.get("door-visited").click()
    worker.get("door-save").click()
    expect(worker.page.get_by_role("alert").first).to_be_visible()
    worker.get("form-state").select_option("told")
    worker.get("form-people").fill("3")
    worker.get("form-carried-no").click()
    keep(worker, pictures, "doors")
    worker.get("door-save").click()
    expect(worker.get("door-result").nth(0)).to_have_text("已访")
    # The next door opens by itself.
    worker.get("door-absent").click()
    expect(worker.get("door-revisit")).to_have_value(re.compile("T19:30"))
    worker.get("door-save").click()
    expect(worker.get("door-result").nth(1)).to_have_text("家中无人")
    worker.get("door-refused").click()
    expect(worker.get("door-result").nth(2)).to_have_text("拒访")
    worker.get("door-help").click()
    worker.get("door-note").fill("示例：老人需要轮椅")
    worker.get("door-save").click()
    expect(worker.get("door-result").nth(3)).to_have_text("需协助")
    expect(worker.get("doors-waiting")).to_have_count(0, timeout=SOON)

    # Without a network the page opens all the same; what was found waits, and is sent later.
    worker.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    worker.page.reload()
    expect(worker.get("doors-progress")).to_be_visible()
    worker.context.set_offline(True)
    worker.page.reload()
    expect(worker.get("doors-offline")).to_be_visible(timeout=SOON)
    worker.get("doors-all").check()
    head.nth(4).click()
    worker.get("door-refused").click()
    expect(worker.get("doors-waiting")).to_be_visible()
    expect(worker.get("door-waiting")).to_have_count(1)
    keep(worker, pictures, "doors-offline")
    worker.context.set_offline(False)
    expect(worker.get("doors-waiting")).to_have_count(0, timeout=SOON)
    # One who needs help is a case on the desk.
    expect_case(team, "示例：老人需要轮椅")


def expect_case(team: Any, words: str) -> None:
    """Wait until a case says this."""
    page = team["shouli"].context.new_page()
    try:
        page.goto("/")
        expect(page.get_by_text(words).first).to_be_visible(timeout=SOON)
    finally:
        page.close()


def _others(team: Any, crowd: list[phones.Phone], sweep: str) -> int:
    """Other doors of the community, by the phones that stand there, how many; the same again is known."""
    visited = 0
    for phone in crowd[MANY - 3 : MANY]:
        [mine] = read(team[phone.username], "/api/sweeps/mine")["sweeps"]
        assert mine["sweep"] == sweep
        items = [
            {
                "id": str(uuid4()), "area": door["area"], "piece": door["piece"], "door": door["door"],
                "result": "visited", "happened_at": datetime.now(UTC).isoformat(),
                "answers": {"state": "moved", "people": 2, "carried": False},
            }
            for door in mine["doors"][:40]
        ]  # fmt: skip
        assert len(items) >= 20
        for at in range(0, len(items), 20):
            assert set(phone.visit(items[at : at + 20])) == {"stored"}
        assert set(phone.visit(items[:20])) == {"known"}
        visited += len(items)
    return visited


def test_a_response_is_wound_up_and_what_it_collected_destroyed(
    window: Any, team: Any, pictures: Path | None
) -> None:
    lead, boss = team["zhibanzhang"], team["zhihui"]
    street = place(boss, "510107001")
    body = {"level": 4, "place_ids": [street["id"]], "document": "示例汛指〔2026〕8号", "last_on": today(2)}
    response = lead.send("/api/plans/flood/propose", body)["id"]
    boss.send(f"/api/responses/{response}/approve", {})

    desk = window(DESK).sign_in("zhihui")
    desk.page.goto(f"/#/responses/{response}")
    desk.get("response-do-end").click()
    desk.get("step-reason").fill("示例：预警解除，积水退去")
    desk.get("step-go").click()
    expect(desk.get("response-state-tag")).to_have_text("收尾中", timeout=SOON)
    # Its orders ended with it. What is still open is listed, and it cannot be finished.
    desk.get("record-tabs").get_by_text("收尾").click()
    expect(desk.get("stand-finish")).to_be_disabled()
    opened = desk.page.locator('[data-test="stand-list"] li.open')
    expect(opened).to_have_count(3)
    keep(desk, pictures, "stand-down")

    # Reports: drafted by the duty officer from what is known, signed by another, sent.
    officer = window(DESK).sign_in("zhiban")
    for kind, ends in (("final", "send"), ("summary", "sign")):
        officer.page.goto(f"/#/responses/{response}/reports")
        officer.get(f"draft-{kind}").click()
        card = officer.get(f"report-{kind}")
        expect(card.locator('[data-test="report-state"]')).to_have_text("草稿")
        _fill(card)
        desk.page.goto(f"/#/responses/{response}/reports")
        desk.page.reload()
        signed = desk.get(f"report-{kind}")
        signed.locator('[data-test="report-do-sign"]').click()
        _reason(desk)
        expect(signed.locator('[data-test="report-state"]')).not_to_have_text("草稿", timeout=SOON)
        if ends == "send":
            signed.locator('[data-test="report-do-send"]').click()
            _reason(desk)
            expect(signed.locator('[data-test="report-state"]')).to_have_text("已报送", timeout=SOON)
    keep(desk, pictures, "reports")

    # What was collected is to be destroyed today; only then is the response over.
    desk.page.goto(f"/#/responses/{response}/stand-down")
    desk.page.locator('[data-test="stand-destruction"] a').click()
    desk.get("plan-due").fill(today())
    desk.get("plan-go").click()
    desk.page.wait_for_url(re.compile("retention/runs/"))
    run = desk.page.url
    desk.page.goto(f"/#/responses/{response}/stand-down")
    expect(opened).to_have_count(0)
    desk.get("stand-finish").click()
    expect(desk.page.get_by_text("已终止").first).to_be_visible(timeout=SOON)
    keep(desk, pictures, "stand-down-done")
    desk.page.goto(f"/#/responses/{response}/timeline")
    expect(desk.page.get_by_text("销毁").first).to_be_visible()
    keep(desk, pictures, "timeline")

    # Counted, signed by two, destroyed by the worker; the certificate says how much, and proves it.
    desk.page.goto(run)
    desk.get("run-do-count").click()
    expect(desk.get("run-state")).not_to_have_text("待清点", timeout=SOON)
    auditor = window(DESK).sign_in("shenji")
    for one in (desk, auditor):
        one.page.goto(run)
        one.get("run-do-sign").click(timeout=60_000)
        one.get("run-sign-go").click()
        expect(one.get("run-sign-go")).to_be_hidden()
    expect(auditor.get("run-state")).to_have_text("已销毁", timeout=90_000)
    expect(auditor.page.get_by_text(re.compile("^[0-9a-f]{64}$")).first).to_be_visible()
    keep(auditor, pictures, "certificate")
    paper = auditor.page.request.get(auditor.get("run-pdf").get_attribute("href"))
    assert paper.ok
    assert paper.body().startswith(b"%PDF")


def _fill(card: Any) -> None:
    """Fields that only a person can fill."""
    expect(card.locator('[data-test="report-save"]')).to_be_visible()
    fields = card.locator("input.text-input, textarea.text-input")
    for n in range(fields.count()):
        if not fields.nth(n).input_value():
            fields.nth(n).fill("示例：无")
    card.locator('[data-test="report-save"]').click()
    expect(card.get_by_role("status")).to_be_visible()


def _reason(one: Any) -> None:
    """The dialog that some steps open."""
    text = one.get("reason-text")
    if text.is_visible():
        text.fill("示例：电话及公文系统")
    if one.get("reason-submit").is_visible():
        one.get("reason-submit").click()
