"""Somebody stays at home and is looked after until they are free; a tube of ten is positive and reaches a tracer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.backstage import Backstage
from tests.e2e.sight import DESK, PHONE, SOON, keep, place, read, today

COMMUNITY = "510107063012"
# What no window can do: let days pass for one person, post a worker, and read what is printed on slips.
DAYS_PASS = """
from django.db import connection
one, days = given[0], int(given[1])
SHIFTED = {
    "isolation_isolation WHERE id": ("begun_on", "release_on", "monitored_until_on", "begun_at"),
    "isolation_slot WHERE isolation_id": ("on_day", "opens_at", "due_at", "next_at"),
}
with connection.cursor() as cursor:
    for where, columns in SHIFTED.items():
        table, key = where.split(" WHERE ")
        changes = ", ".join(
            f"{name} = {name} - " + ("%s" if name.endswith(("_on", "_day")) else "make_interval(days => %s)")
            for name in columns
        )
        cursor.execute(f"UPDATE {table} SET {changes} WHERE {key} = %s", [*[days] * len(columns), one])
        assert cursor.rowcount, table
"""
POSTED = """
from django.conf import settings
from django.utils.timezone import localdate
from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
now = settings.SHANZHI_CLOCK.now()
account = people.create_account("weiwang", "微网格员寅", "Shanzhi-2026", actor=SYSTEM, at=now)
people.appoint(account.id, "grid_worker", given[0], from_on=localdate(now), actor=SYSTEM, at=now)
"""
LEFT = """
from django.conf import settings
from django.utils.timezone import localdate
from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Post
now = settings.SHANZHI_CLOCK.now()
post = Post.objects.get(account__username="weiwang")
people.end_post(post.id, on=localdate(now), actor=SYSTEM, at=now)
"""
SLIPS = """
import json
from shanzhi.scenes.sampling.models import Ticket
found = Ticket.objects.filter(campaign_id=given[0]).order_by("ordinal")
print(json.dumps(list(found.values_list("code", flat=True))))
"""


@pytest.fixture(scope="module")
def zone(team: Any, backstage: Backstage) -> Any:
    """A micro-grid in which a response confines people, proposed by one and approved by another; ended afterwards."""
    lead, boss = team["zhibanzhang"], team["zhihui"]
    community = place(boss, COMMUNITY)
    micro = read(boss, f"/api/grids/{community['id']}")["microgrids"]["items"][0]
    backstage.do(POSTED, micro["id"])
    body = {"level": 1, "place_ids": [micro["id"]], "document": "示例疫指〔2026〕3号", "last_on": today(5)}
    response = lead.send("/api/plans/epidemic/propose", body)["id"]
    boss.send(f"/api/responses/{response}/approve", {})
    yield micro
    boss.send(f"/api/responses/{response}/end", {"reason": "示例：风险解除"})
    backstage.do(LEFT)  # other walks count who is there


def test_somebody_at_home_is_asked_missed_treated_and_set_free(
    window: Any, team: Any, zone: dict[str, Any], backstage: Backstage, pictures: Path | None
) -> None:
    health = window(DESK).sign_in("yiwu")
    address = _begun(health, zone, pictures)
    person = window(PHONE)
    person.page.goto(address)
    expect(person.get("care-state")).to_contain_text("居家隔离中")
    expect(person.get("care-free")).to_contain_text(today(5))
    expect(person.page.get_by_text("示例疫指〔2026〕3号").first).to_be_visible()
    _report(person, "36.5")
    keep(person, pictures, "care-phone")

    # Five days pass in which nobody answers: the duty officer is told, and rings up.
    area, one = re.search(r"#/care/(\d{6})/([0-9a-f-]{36})$", health.page.url).groups()  # type: ignore[union-attr]
    backstage.do(DAYS_PASS, one, "5")
    duty = window(DESK).sign_in("zhiban")
    duty.page.goto("/#/care?which=duty")
    row = duty.get("care-row").filter(has_text="199****4321")
    expect(row).to_contain_text("升级到值班员", timeout=SOON)
    keep(duty, pictures, "care-duty")
    row.locator('[data-test="care-call"]').click()
    row.locator('[data-test="care-call-show"]').click()
    duty.get("reason-text").fill("示例：未报，电话叫应")
    duty.get("reason-submit").click()
    expect(duty.get("reason-answer")).to_contain_text("19900004321")
    duty.page.keyboard.press("Escape")
    row.locator('[data-test="care-call-reached"]').click()

    # They cough: a transfer is asked for by that alone, and goes its way at the desk.
    person.page.reload()
    _report(person, "36.8", "咳嗽")
    expect(person.get("care-transfer")).to_contain_text("已收到")
    health.page.reload()
    for verb, words in (("accept", "已接单"), ("set_off", "转运中"), ("come_back", "已就医返回")):
        health.get(f"transfer-{verb}").click()
        expect(health.get("care-transfer")).to_contain_text(words)
    keep(health, pictures, "care-desk")

    # Tests of the days that the edition names; then one proposes the release, and another signs it.
    expect(health.get("care-missing")).to_contain_text("缺第 1 天的检测阴性结果")
    expect(health.get("care-do-propose_release")).to_have_count(0)
    for day in (1, 2, 3, 5):
        body = {"taken_on": today(day - 5), "result": "negative"}
        team["yiwu"].send(f"/api/isolation/{area}/{one}/test", body)
    health.page.reload()
    health.get("care-do-propose_release").click()
    expect(health.get("care-state")).to_have_text("待签发解除")
    expect(health.get("care-do-sign_to_monitoring")).to_have_count(0)
    duty.page.goto(f"/#/care/{area}/{one}")
    duty.get("care-do-sign_to_monitoring").click()
    expect(duty.get("care-state")).to_have_text("健康监测中")

    # They are told, with a paper; once the monitoring is over the page names the day of destruction.
    person.page.reload()
    expect(person.get("care-state")).to_contain_text("健康监测（不限制出门）")
    expect(person.get("care-note")).to_be_visible()
    duty.get("care-do-withdraw").click()
    duty.get("reason-text").fill("示例：复核判定不再需要监测")
    duty.get("reason-submit").click()
    expect(duty.get("care-state")).to_have_text("已撤销")
    person.page.reload()
    expect(person.get("care-over")).to_be_visible()
    expect(person.page.get_by_text(re.compile(r"资料在 \d{4}-\d{2}-\d{2} 前销毁"))).to_be_visible()
    keep(person, pictures, "care-phone-over")


def _begun(health: Any, zone: dict[str, Any], pictures: Path | None) -> str:
    """Home isolation begins at the desk, with basis, date and contacts; the address of the person's own page."""
    health.page.goto("/#/care/new")
    health.get("care-submit").click()
    expect(health.get("action-error").first).to_be_visible()
    health.get("pick-care-input").fill(zone["code"])
    health.get("pick-row").first.click()
    expect(health.get("care-regime")).to_contain_text("示例疫指〔2026〕3号")
    health.get("care-name").fill("行走某")
    health.get("care-phone").fill("19900004321")
    health.get("care-door").fill("示例小区 9 栋 901")
    for group, name in ((0, "行走家人"), (1, "行走亲友")):
        health.page.locator("fieldset.people-fields button.small-button").nth(group).click()
        health.page.locator("fieldset.people-fields").nth(group).locator("input").first.fill(name)
    health.page.locator('fieldset.people-fields input[type="tel"]').fill("19900008765")
    keep(health, pictures, "care-begin")
    health.get("care-submit").click()
    address = str(health.get("care-link").inner_text())
    health.get("care-begun").locator("a.button-link").click()
    expect(health.get("care-state")).to_have_text("居家隔离中")
    return address


def _report(person: Any, temperature: str, symptom: str = "") -> None:
    """One check-in on the person's own page."""
    person.get("care-temperature").fill(temperature)
    if symptom:
        person.page.get_by_role("button", name=symptom).click()
    else:
        person.get("care-fine").click()
    person.get("care-submit").click()
    expect(person.get("care-reported")).to_be_visible()


def test_a_positive_tube_of_ten_reaches_a_tracer(
    window: Any, team: Any, zone: dict[str, Any], backstage: Backstage, pictures: Path | None
) -> None:
    health = window(DESK).sign_in("yiwu")
    campaign = _issued(window, health, zone, pictures)
    codes = json.loads(backstage.do(SLIPS, campaign))
    resident = window(PHONE)
    resident.page.goto(f"/r/#/slot/{codes[0]}")
    expect(resident.get("slot-when")).to_be_visible()
    keep(resident, pictures, "slot")

    # Four households, ten people, one tube; it goes to the laboratory in a box.
    point = window(PHONE).sign_in("yiwu")
    point.page.goto("/#/sampling/points")
    point.get("samp-work-point").filter(has_text="行走采样").click()
    point.get("samp-barcode").fill("XZ00000001")
    point.get("samp-open-tube").click()
    for code, people in zip(codes, (3, 3, 2, 2), strict=False):
        point.get("samp-ticket").fill(code)
        for _ in range(people - 1):
            point.get("samp-more").click()
        point.get("samp-check-in").click()
        expect(point.get("samp-people")).to_have_text("1")
    expect(point.get("samp-tube")).to_contain_text("10 / 10")
    keep(point, pictures, "sampling-point")
    point.get("samp-close").click()
    fields = point.page.locator('form:has([data-test="samp-box"]) input')
    fields.nth(0).fill("X001-01")
    fields.nth(1).fill("示例检测所")
    point.get("samp-box").click()
    expect(point.get("samp-sync")).to_have_text("全部已上传", timeout=SOON)

    # It is positive: its four households are sampled again, each person in a tube of their own.
    health.page.goto(f"/#/sampling/{campaign}?tab=results")
    _told(health, "XZ00000001,阳性")
    expect(health.get("samp-retests").locator("li")).to_have_count(4)
    keep(health, pictures, "sampling-results")
    point.page.reload()
    point.page.locator("form select").first.select_option("single")
    point.get("samp-barcode").fill("XZ00000002")
    point.get("samp-open-tube").click()
    point.get("samp-retests").locator("button").first.click()
    expect(point.get("samp-tube")).to_contain_text("1 / 1")
    point.get("samp-close").click()
    expect(point.get("samp-sync")).to_have_text("全部已上传", timeout=SOON)
    _told(health, "XZ00000002,阳性")

    # The door is a task for a tracer, and stands in nobody else's list.
    tracer = window(DESK).sign_in("liudiao")
    tracer.page.goto("/#/tracing")
    tracer.get("tracing-leads-show").click()
    expect(tracer.get("tracing-lead")).to_have_count(1)
    keep(tracer, pictures, "tracing-leads")
    tracer.get("tracing-lead-dismiss").click()
    tracer.get("reason-text").fill("示例：已由社区核实")
    tracer.get("reason-submit").click()
    expect(tracer.get("tracing-leads")).to_have_count(0)


def _issued(window: Any, health: Any, zone: dict[str, Any], pictures: Path | None) -> str:
    """A session with slots, drafted by one and issued by another; its id."""
    health.page.goto("/#/sampling/new")
    health.get("samp-template").select_option("round_ten")
    health.get("pick-samp-input").fill(zone["code"])
    health.get("pick-row").first.click()
    health.page.locator('input.text-input[maxlength="60"]').fill("行走采样")
    health.get("samp-first").fill(today(1))  # whatever the time is, its slots are still to come
    for nth, clock in ((0, "00:00"), (1, "23:30")):
        health.page.locator('input[type="time"]').nth(nth).fill(clock)
    keep(health, pictures, "sampling-compose")
    health.get("samp-save").click()
    health.page.wait_for_url(re.compile(r"#/sampling/[0-9a-f-]{36}"))
    campaign = str(re.search(r"[0-9a-f-]{36}", health.page.url)[0])  # type: ignore[index]
    health.get("samp-do-propose").click()
    expect(health.get("samp-state")).to_have_text("待复核")
    boss = window(DESK).sign_in("zhihui")
    boss.page.goto(f"/#/sampling/{campaign}")
    boss.get("samp-do-issue").click()
    boss.get("samp-issue-go").click()
    expect(boss.get("samp-state")).to_have_text("进行中")
    return campaign


def _told(health: Any, row: str) -> None:
    """A laboratory's file of one row, tried and taken."""
    content = f"条码,结果\n{row}\n".encode()
    health.get("samp-file").set_input_files(
        {"name": "results.csv", "mimeType": "text/csv", "buffer": content}
    )
    health.get("samp-try").click()
    expect(health.get("samp-report")).to_be_visible()
    health.get("samp-go").click()
    expect(health.get("samp-go")).to_have_count(0)
