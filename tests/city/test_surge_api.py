"""Surge posting through the interface: lists, files, and a whole city's officers in one click."""

import io
from datetime import date, timedelta

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.compounds.models import Compound
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Post, Unit
from shanzhi.city.places.models import Place
from shanzhi.city.surge import actions
from shanzhi.city.surge.actions import NewNeed, NewOffer
from shanzhi.city.surge.models import Offer, Posting, SurgeEvent
from shanzhi.core.kit.ids import uuid7

DAY, END = "2026-03-09", "2026-03-23"


@pytest.fixture
def desk(sign_in):
    """Sign in; the demo city has three units and their head 癸, and 指挥己."""
    return sign_in


@pytest.fixture
def community(city):
    return Place.objects.filter(level="community", area="510107").order_by("code").first()


def need_of(community, **changes):
    return {
        "people": 2, "from_on": DAY, "to_on": END, "task": "卡点值守", "place_id": str(community.id),
    } | changes  # fmt: skip


def offer_of(browser, names, home=None, **changes):
    unit = browser.get("/api/surge")[1]["units"][0]
    listed = [
        {
            "name": name,
            "phone": "028-0000-0001",
            "skills": ["driving"],
            "home": {"place_id": home} if home else None,
        }
        for name in names
    ]
    return {"unit_id": unit["id"], "from_on": DAY, "to_on": END, "people": listed} | changes


def sheets(content):
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_the_way_through_the_interface(desk, community):
    lead, manager = desk("fuzeren"), desk("zhihui")
    assert manager.post("/api/surge/needs", need_of(community, skills=["驾驶"]))[0] == 201
    assert lead.post("/api/surge/offers", offer_of(lead, ["干部甲", "干部乙"], str(community.id))) == (
        201,
        {"made": 2},
    )
    status, seen = lead.get("/api/surge")
    assert (status, seen["may_manage"], len(seen["units"]), seen["offers_total"]) == (200, False, 3, 2)
    assert seen["offers"][0]["phone_masked"] == "028****0001" and seen["offers"][0]["home"] == community.name
    assert [one["may_withdraw"] for one in seen["offers"]] == [True, True]
    assert seen["needs"][0]["may_manage"] is False and seen["needs"][0]["skills_zh"] == "驾驶"
    status, preview = manager.post("/api/surge/assign/preview", {"on": DAY})
    assert (status, preview["assigned"], preview["unmet"], preview["left_over"]) == (200, 2, 0, 0)
    assert preview["items"][0]["why_zh"] == "该处缺口 100%；住本社区；具备：驾驶"
    assert preview["items"][0]["why_en"] == "100% of the need was open; lives in the community; has: Driving"
    status, done = manager.post("/api/surge/assign", {"on": DAY, "token": preview["token"]})
    assert (status, done["assigned"]) == (200, 2)
    status, again = manager.post("/api/surge/assign", {"on": DAY, "token": preview["token"]})
    assert (status, again["error"]["code"]) == (409, "surge-list-changed")
    [first, second] = manager.get("/api/surge/postings")[1]["items"]
    step = f"/api/surge/postings/{first['area']}/{first['id']}"
    assert manager.post(f"{step}/report-in", {})[1]["state_zh"] == "在岗"
    status, refused = manager.post(f"{step}/relieve", {"reason": ""})
    assert (status, refused["error"]["field"]) == (422, "reason")
    assert manager.post(f"{step}/fly", {"reason": "x"})[0] == 422
    assert lead.post(f"{step}/relieve", {"reason": "x"})[0] == 403
    assert manager.post(f"{step}/relieve", {"reason": "轮休"})[1]["end_reason"] == "轮休"
    states = {one["state"]: one["count"] for one in manager.get("/api/surge")[1]["states"]}
    assert states == {"offered": 0, "assigned": 1, "reported_in": 0, "relieved": 1, "returned": 0}
    need = manager.get("/api/surge")[1]["needs"][0]
    assert (need["people"], need["met"]) == (2, 1)
    address = f"/api/surge/needs/{need['area']}/{need['id']}/withdraw"
    assert manager.post(address, {"reason": "x"})[1]["error"]["code"] == "surge-need-in-use"
    other = f"/api/surge/postings/{second['area']}/{second['id']}"
    assert manager.post(f"{other}/return", {"reason": "x"})[1]["phone_masked"] == ""
    assert manager.post(address, {"reason": "x"})[0] == 204
    assert lead.post(f"/api/surge/offers/{first['offer_id']}/withdraw", {"reason": "召回"})[0] == 204
    history = lead.get(f"/api/surge/offers/{first['offer_id']}/history")[1]
    assert [one["zh"] for one in history] == ["派出", "分派", "报到", "轮换", "撤回派出"]
    assert manager.get("/api/surge/mine") == (200, [])


def test_needs_and_people_to_take_along(desk, community):
    manager, unit = desk("zhihui"), desk("fuzeren")
    assert manager.post("/api/surge/needs", need_of(community, task="=卡点值守"))[0] == 201
    assert unit.post("/api/surge/offers", offer_of(unit, ["甲", "乙"], home=str(community.id)))[0] == 201
    assert manager.post("/api/surge/assign", {"on": DAY, "needs": []})[1]["assigned"] == 2
    [head, row] = sheets(manager.client.get("/api/surge/needs/export").content)["下沉需求"]
    found = dict(zip(head, row, strict=True))
    assert (found["社区"], found["任务"]) == (community.name, "=卡点值守")
    assert [found[name] for name in ("需要人数", "已派人数", "缺口")] == [2, 2, 0]
    assert found["结束（当天起不再需要）"] == date.fromisoformat(END)
    [feature] = manager.client.get("/api/surge/needs/export?format=geojson").json()["features"]
    assert feature["properties"]["people"] == feature["properties"]["met"] == 2
    assert feature["geometry"] is None or feature["geometry"]["type"] == "Point"
    [head, *rows] = sheets(unit.client.get("/api/surge/offers/export?lang=en").content)["People"]
    people_ = [dict(zip(head, row, strict=True)) for row in rows]
    assert {one["Name"] for one in people_} == {"甲", "乙"}
    assert {one["Home community"] for one in people_} == {community.name}
    assert {one["Telephone"] for one in people_} == {"028****0001"}
    assert sheets(unit.client.get("/api/surge/offers/export?state=offered").content)["派出人员"][1:] == []
    events = AuditEntry.objects.filter(event__startswith="surge.", event__endswith=".exported").values_list(
        "event", "detail"
    )
    assert sorted(event for event, _ in events) == [
        "surge.needs.exported", "surge.needs.exported", "surge.offers.exported", "surge.offers.exported",
    ]  # fmt: skip
    for address in ("needs/export?format=pdf", "offers/export?format=geojson"):
        assert manager.get(f"/api/surge/{address}")[1]["error"]["field"] == "format"
    for address in ("needs/export", "offers/export"):
        assert desk("shouli").get(f"/api/surge/{address}")[0] == 403


def test_who_may_not(desk, resident, community):
    assert resident.get("/api/surge")[0] == 401
    clerk = desk("shouli")
    for address in ("/api/surge", "/api/surge/postings", "/api/surge/export", "/api/surge/offers/template"):
        assert clerk.get(address)[0] == 403, address
    assert clerk.get("/api/surge/mine") == (200, [])
    lead = desk("fuzeren")
    assert lead.post("/api/surge/needs", need_of(community))[0] == 403
    assert lead.post("/api/surge/assign", {"on": DAY})[0] == 403
    status, wrong = desk("zhihui").post("/api/surge/needs", need_of(community, people=0))
    assert (status, wrong["error"]["field"]) == (422, "people")


def test_a_unit_sees_its_own_people_only(desk, community, clock):
    other = people.create_unit(
        code="OTHER",
        name="示例另一单位",
        place_id=Place.objects.get(code="510107").id,
        actor=SYSTEM,
        at=clock.now(),
    )
    new = NewOffer(name="别家的人", from_on=date(2026, 3, 9), to_on=date(2026, 3, 23))
    [hidden] = actions.offer_people(other.id, [new], actor=SYSTEM, at=clock.now())
    lead = desk("fuzeren")
    assert lead.get("/api/surge")[1]["offers"] == []
    for what in ("withdraw", "phone"):
        assert lead.post(f"/api/surge/offers/{hidden.id}/{what}", {"reason": "x"})[0] == 404
    assert lead.get(f"/api/surge/offers/{hidden.id}/history")[0] == 404
    assert lead.post("/api/surge/offers", offer_of(lead, ["甲"], unit_id=str(other.id)))[0] == 404
    assert desk("zhihui").post(f"/api/surge/offers/{hidden.id}/phone", {"reason": "联系"}) == (
        200,
        {"phone": ""},
    )


def test_homes_are_found_by_name_in_the_whole_city(desk, community):
    lead = desk("fuzeren")
    found = lead.get(f"/api/surge/homes?q={community.code}")[1]
    assert [(one["id"], one["name"]) for one in found] == [(str(community.id), community.name)]
    assert found[0]["above"].startswith("武侯区 ")
    assert lead.get("/api/surge/homes?q=510107")[1] and lead.get("/api/surge/homes")[1] == []
    assert desk("shouli").get("/api/surge/homes?q=a")[0] == 403


def upload(browser, text, query=""):
    token = browser.client.cookies["csrftoken"].value
    file = SimpleUploadedFile("offers.csv", text.encode())
    answer = browser.client.post(
        f"/api/surge/offers/import{query}", {"file": file}, headers={"X-CSRFToken": token}
    )
    return answer.status_code, answer.json()


def test_people_from_a_file_with_an_error_for_each_wrong_row(desk, community):
    lead = desk("fuzeren")
    unit = lead.get("/api/surge")[1]["units"][0]["name"]
    head, days = "单位,姓名,电话,技能,居住社区,开始日期,结束日期\n", f"?from_on={DAY}&to_on={END}"
    bad = head + "\n".join(
        [
            f"{unit},干部甲,028-0000-0001,驾驶、物资搬运,{community.code},,", "没有的单位,干部乙,,,,,",
            f"{unit},,,,,,", f"{unit},干部丁,不知道,,,,", f"{unit},干部戊,,飞行,,,", f"{unit},干部己,,,没有社区,,",
            f"{unit},干部庚,,,,昨天,", f"{unit},干部辛,,,,2026-03-20,2026-03-19", f"{unit},干部甲,,,,,",
        ]
    )  # fmt: skip
    status, report = upload(lead, bad, days)
    assert status in (200, 201)
    assert [(one["row"], one["field"]) for one in report["errors"]] == [
        (3, "单位"), (4, "姓名"), (5, "电话"), (6, "技能"), (7, "居住社区"), (8, "开始日期"), (9, "结束日期"),
        (10, "姓名"),
    ]  # fmt: skip
    assert (report["rows"], Offer.objects.count(), SurgeEvent.objects.count()) == (9, 0, 0)
    good = (
        head
        + f"{unit},干部甲,028-0000-0001,驾驶、物资搬运,{community.code},,\n\n{unit},干部乙,,,,2026/03/10,"
    )
    assert upload(lead, good, f"{days}&dry_run=1")[1]["created"] == 2 and not Offer.objects.exists()
    assert upload(lead, good, days)[1]["created"] == 2
    first = Offer.objects.get(name="干部甲")
    assert (first.skills, first.home_id, str(first.from_on)) == (["driving", "carrying"], community.id, DAY)
    assert str(Offer.objects.get(name="干部乙").from_on) == "2026-03-10"
    again = upload(lead, good, days)[1]
    assert (again["created"], again["unchanged"], Offer.objects.count()) == (0, 2, 2)
    assert upload(lead, "姓名\n甲")[1]["error"]["field"] == "file"
    assert upload(lead, good.replace("干部", "新人"))[1]["errors"][0]["field"] == "开始日期"


def test_the_template_can_be_read_back(desk):
    lead = desk("fuzeren")
    content = lead.client.get("/api/surge/offers/template").content
    assert sheets(content)["下沉人员"][0] == [
        "单位",
        "姓名",
        "电话",
        "技能",
        "居住社区",
        "开始日期",
        "结束日期",
    ]
    token = lead.client.cookies["csrftoken"].value
    file = SimpleUploadedFile("offers.xlsx", content)
    report = lead.client.post(
        "/api/surge/offers/import?dry_run=1", {"file": file}, headers={"X-CSRFToken": token}
    )
    assert [one["field"] for one in report.json()["errors"]] == ["单位"]  # the example's unit does not exist


@pytest.fixture
def officers(city, clock):
    """957 invented officers of 56 units, and 87 compounds of as many communities that need 1,000 people."""
    chance, at = np.random.default_rng(22), clock.now()
    district = Place.objects.get(code="510107")
    communities = list(Place.objects.filter(level="community", area="510107").order_by("code")[:87])
    for number, place in enumerate(communities):
        compound = Compound.objects.create(
            area="510107", name=f"示例小区{number}", pinyin=f"shi li xiao qu {number:03d}", place=place,
            lon=104.0 + number % 10 * 0.01, lat=30.6 + number // 10 * 0.01, opened_on=date(2025, 1, 1),
        )  # fmt: skip
        actions.state_need(
            NewNeed(
                people=12 if number % 2 else 11, from_on=date(2026, 3, 9), to_on=date(2026, 3, 23), task="入户登记",
                compound=("510107", compound.id), skills=["driving"] if number % 5 == 0 else [],
            ),
            actor=SYSTEM, at=at,
        )  # fmt: skip
    Unit.objects.bulk_create(
        Unit(code=f"U{number:02d}", name=f"示例单位{number}", place=district) for number in range(56)
    )
    for number, unit in enumerate(Unit.objects.filter(code__startswith="U").order_by("code")):
        size = 18 if number < 5 else 17
        actions.offer_people(
            unit.id,
            [
                NewOffer(
                    name=f"下沉干部{number}-{one}", from_on=date(2026, 3, 9), to_on=date(2026, 3, 23),
                    skills=["driving"] if chance.random() < 0.3 else [],
                    home_point=(104.0 + chance.uniform(0, 0.1), 30.6 + chance.uniform(0, 0.09)),
                )
                for one in range(size)
            ],
            actor=SYSTEM, at=at,
        )  # fmt: skip
    assert (Offer.objects.count(), len(communities)) == (957, 87)


@pytest.mark.once
def test_957_officers_in_one_click(desk, officers, django_assert_max_num_queries):
    manager = desk("zhihui")
    with django_assert_max_num_queries(40):
        status, done = manager.post("/api/surge/assign", {"on": DAY})
    assert (status, done["assigned"], done["left_over"]) == (200, 957, 0)
    needs = manager.get("/api/surge")[1]["needs"]
    shares = [need["met"] / need["people"] for need in needs]
    assert sum(need["people"] for need in needs) == 1000 and done["unmet"] == 43
    assert min(shares) >= 10 / 12 and max(shares) - min(shares) <= 2 / 12  # nobody's need is left far behind
    assert Posting.objects.count() == Post.objects.filter(kind="surge_worker").count() == 957
    assert SurgeEvent.objects.filter(verb="assign").count() == 957
    nearest = np.median([one.distance_m for one in Posting.objects.all()])
    chance = np.random.default_rng(3).permutation(957)
    points = list(Offer.objects.values_list("home_lon", "home_lat"))
    other = [points[one] for one in chance]
    apart = [
        111_000 * np.hypot((a[0] - b[0]) * 0.86, a[1] - b[1]) for a, b in zip(points, other, strict=True)
    ]
    assert nearest < np.median(apart) / 4  # people go near their homes, not just anywhere
    found = sheets(manager.client.get(f"/api/surge/export?by=compound&on={DAY}").content)
    assert found["按小区"][0] == ["社区", "小区", "单位", "人数", "在岗"]
    assert sum(row[3] for row in found["按小区"][1:]) == 957 and len(found["人员名单"]) == 958
    one = Unit.objects.get(code="U00")
    found = sheets(manager.client.get(f"/api/surge/export?by=unit&unit={one.id}").content)
    assert {row[0] for row in found["按单位"][1:]} == {"示例单位0"} and len(found["人员名单"]) == 19
    assert manager.get(f"/api/surge/postings?unit={one.id}")[1]["total"] == 18
    compound = Compound.objects.get(name="示例小区3")
    listed = manager.get(f"/api/surge/postings?compound={compound.id}&on={END}")[1]
    assert listed["total"] == 0  # END is the first day on which nobody is there
    assert manager.get(f"/api/surge/postings?compound={compound.id}&on={DAY}")[1]["total"] >= 11
    assert manager.get(f"/api/surge/postings?compound={uuid7()}")[1]["total"] == 0
    assert manager.get(f"/api/surge/postings?on={date(2026, 3, 9) + timedelta(30)}")[1]["total"] == 0
    assert manager.get("/api/surge/export?by=hand")[0] == 422
