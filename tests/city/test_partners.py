"""Partner organisations of a place: agreements, tasks, who may, what stays of them, and where they go."""

import io
from datetime import date, timedelta

import pytest
from python_calamine import CalamineWorkbook

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.base.retention import holdings
from shanzhi.base.retention.holdings import Scope
from shanzhi.city.partners import actions, lists, queries
from shanzhi.city.partners.actions import PartnerFacts
from shanzhi.city.partners.errors import PartnerExists, PartnershipOver
from shanzhi.city.partners.models import Agreement, Partner, PartnerEvent, Task
from shanzhi.city.people import actions as people
from shanzhi.city.people import queries as people_queries
from shanzhi.city.places import changes
from shanzhi.city.places.models import Place
from shanzhi.city.places.wishes import Change
from shanzhi.core.flow import UnknownEdge
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused

pytestmark = pytest.mark.once

DAY = date(2026, 3, 9)
ONE, OTHER, STREET, DISTRICT = "900101001001", "900101001002", "900101001", "900101"
SCHOOL = PartnerFacts("示例第一小学", "school", "联系人示例", "028-0000-0001", "操场周末开放")


@pytest.fixture
def school(town, at):
    """A school is a partner of 长乐社区."""
    return actions.add(town[ONE], SCHOOL, actor=SYSTEM, at=at)


@pytest.fixture
def head(town, post_kinds, at):
    """The head of a grid at a place."""

    def stand(code, kind="grid_head"):
        account = people.create_account(f"p{code}{kind[:6]}", "某人", "Spring-2026", actor=SYSTEM, at=at)
        people.appoint(account.id, kind, town[code], from_on=date(2026, 1, 1), actor=SYSTEM, at=at)
        found = people_queries.actor_for_account(account.id, "desk", DAY)
        assert found is not None
        return found

    return stand


def history(partner):
    rows = PartnerEvent.objects.filter(partner_id=partner.id).order_by("id")
    return [(one.what, one.verb, one.from_state, one.to_state, one.said) for one in rows]


def test_agreements_and_tasks_of_a_partner(school, town, at):
    area = school.area
    agreed = actions.agree(
        area, school.id, "校社共建协议", "开放操场。", DAY, date(2026, 12, 31), actor=SYSTEM, at=at
    )
    task = actions.set_task(area, school.id, "周末开放操场", DAY, agreed.id, actor=SYSTEM, at=at)
    with pytest.raises(InvalidInput) as refused:
        actions.perform(area, school.id, task.id, "finish", " ", actor=SYSTEM, at=at)
    assert refused.value.field == "said" and Task.objects.get().state == "open"
    late = lists.overview(SYSTEM, at + timedelta(days=1), town[DISTRICT], "active")
    assert (late.total, late.in_force, late.open_tasks, late.overdue_tasks) == (1, 1, 1, 1)
    assert late.items[0].tasks[0].overdue and late.items[0].place.name == "长乐社区"
    done = actions.perform(area, school.id, task.id, "finish", "已开放，来了30人", actor=SYSTEM, at=at)
    assert (done.state, done.result, done.done_on) == ("done", "已开放，来了30人", DAY)
    with pytest.raises(UnknownEdge):
        actions.perform(area, school.id, task.id, "finish", "再来", actor=SYSTEM, at=at)
    again = actions.perform(area, school.id, task.id, "reopen", "还有一场", actor=SYSTEM, at=at)
    assert (again.state, again.result, again.done_on) == ("open", "", None)
    actions.end_agreement(area, school.id, agreed.id, "提前终止", actor=SYSTEM, at=at)
    with pytest.raises(NotFound):  # nothing new under an agreement that ended
        actions.set_task(area, school.id, "另一件", DAY, agreed.id, actor=SYSTEM, at=at)
    assert history(school) == [
        ("partner", "add", "", "active", ""), ("agreement", "agree", "", "in_force", ""),
        ("task", "set", "", "open", ""), ("task", "finish", "open", "done", "已开放，来了30人"),
        ("task", "reopen", "done", "open", "还有一场"), ("agreement", "end", "in_force", "over", "提前终止"),
    ]  # fmt: skip
    assert [one.event for one in OutboxRow.objects.filter(topic="partners").order_by("id")] == [
        "partner-add", "agreement-agree", "task-set", "task-finish", "task-reopen", "agreement-end",
    ]  # fmt: skip


def test_an_agreement_runs_out_by_itself(school, town, at):
    actions.agree(school.area, school.id, "短协议", "一周。", DAY, DAY, actor=SYSTEM, at=at)
    [today] = lists.overview(SYSTEM, at, town[ONE], "active").items[0].agreements
    later = lists.overview(SYSTEM, at + timedelta(days=1), town[ONE], "active")
    assert (today.state, later.items[0].agreements[0].state, later.in_force) == ("in_force", "expired", 0)


def test_the_end_takes_everything_with_it_and_can_be_taken_back(school, town, at):
    area = school.area
    agreed = actions.agree(area, school.id, "协议", "约定。", DAY, actor=SYSTEM, at=at)
    actions.set_task(area, school.id, "任务", DAY, agreed.id, actor=SYSTEM, at=at)
    ended = actions.end(area, school.id, "学校搬迁", actor=SYSTEM, at=at)
    assert (Agreement.objects.get().state, Task.objects.get().state) == ("over", "dropped")
    ended.refresh_from_db()
    assert (ended.state, ended.contact_name, ended.contact_phone or "") == ("ended", "", "")
    assert lists.overview(SYSTEM, at, town[ONE], "active").items == []
    assert [one.name for one in lists.overview(SYSTEM, at, town[ONE], "all").items] == ["示例第一小学"]
    with pytest.raises(PartnershipOver):
        actions.set_task(area, school.id, "任务", DAY, actor=SYSTEM, at=at)
    with pytest.raises(UnknownEdge):
        actions.end(area, school.id, "再次", actor=SYSTEM, at=at)
    actions.resume(area, school.id, "误操作", actor=SYSTEM, at=at)
    assert Partner.objects.get().state == "active"
    assert [row[1] for row in history(school)][-4:] == ["end", "end", "drop", "resume"]


def test_one_name_once_at_a_place(school, town, at):
    with pytest.raises(PartnerExists):
        actions.add(town[ONE], SCHOOL, actor=SYSTEM, at=at)
    actions.add(town[OTHER], SCHOOL, actor=SYSTEM, at=at)
    actions.end(school.area, school.id, "搬迁", actor=SYSTEM, at=at)
    actions.add(town[ONE], SCHOOL, actor=SYSTEM, at=at)
    with pytest.raises(PartnerExists):
        actions.resume(school.area, school.id, "恢复", actor=SYSTEM, at=at)
    assert Partner.objects.filter(state="active").count() == 2


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (PartnerFacts(" ", "school"), "name"),
        (PartnerFacts("甲", "church"), "kind"),
        (PartnerFacts("甲", "school", contact_phone="不详"), "contact_phone"),
        (PartnerFacts("甲", "school", note="长" * 201), "note"),
    ],
)
def test_what_is_wrong_is_named(town, at, facts, field):
    with pytest.raises(InvalidInput) as refused:
        actions.add(town[ONE], facts, actor=SYSTEM, at=at)
    assert refused.value.field == field and not Partner.objects.exists()


def test_only_at_the_own_places(school, head, town, at):
    here, elsewhere, worker = head(ONE), head(OTHER), head(ONE, "grid_worker")
    assert queries.visible_to(here, DAY).count() == 1 and queries.visible_to(elsewhere, DAY).count() == 0
    with pytest.raises(NotFound):
        actions.end(school.area, school.id, "不该", actor=elsewhere, at=at)
    with pytest.raises(NotFound):
        actions.add(town[ONE], PartnerFacts("乙", "shop"), actor=elsewhere, at=at)
    with pytest.raises(Refused):
        actions.set_task(school.area, school.id, "任务", DAY, actor=worker, at=at)
    with pytest.raises(NotFound):
        lists.overview(elsewhere, at, town[ONE], "active")
    assert lists.overview(worker, at, town[ONE], "active").items[0].allowed_actions == []
    assert [row[1] for row in history(school)] == ["add"]
    actions.set_task(school.area, school.id, "任务", DAY, actor=here, at=at)


def test_the_contact_is_encrypted_masked_and_revealed_against_a_reason(school, town, at):
    shown = lists.overview(SYSTEM, at, town[ONE], "active").items[0]
    assert shown.phone_masked == "028****0001"
    [stored] = Partner.objects.raw("SELECT id, contact_phone::text AS raw FROM partners_partner")
    assert "0001" not in stored.raw
    assert (
        actions.reveal_phone(school.area, school.id, "联系开放事宜", actor=SYSTEM, at=at) == "028-0000-0001"
    )
    entry = AuditEntry.objects.get(event="reveal")
    assert entry.detail["reason"] == "联系开放事宜" and "0001" not in str(entry.detail)
    kept = PartnerFacts("示例第一小学（新）", "school", "联系人示例二")
    actions.change(school.area, school.id, kept, keep_phone=True, actor=SYSTEM, at=at)
    found = Partner.objects.get()
    assert (found.name, found.contact_phone) == ("示例第一小学（新）", "028-0000-0001")


def test_the_holding_ends_what_an_end_left_behind(school, at):
    holding = holdings.known()["partner-contacts"]
    assert holding.count(Scope(before=at)) == 0
    Partner.objects.update(state="ended")  # as if it had been written by hand
    assert (holding.count(Scope(before=at)), holding.destroy(Scope(before=at)).rows) == (1, 1)
    assert holding.count(Scope(before=at)) == 0


def test_a_merge_takes_them_along_and_an_undo_brings_them_back(school, town, at):
    twin = actions.add(town[OTHER], SCHOOL, actor=SYSTEM, at=at)
    merge = Change(kind="merge", on=DAY, reason="合并", places=[town[ONE], town[OTHER]], into_id=town[OTHER])
    touched = {one.kind: one.count for one in changes.preview(merge, actor=SYSTEM, at=at).touches}
    assert touched["partners"] in (1, 2)
    done = changes.make(merge, actor=SYSTEM, at=at)
    names = {one.id: (one.place_id, one.name) for one in Partner.objects.all()}
    assert names == {
        twin.id: (town[OTHER], "示例第一小学"), school.id: (town[OTHER], "示例第一小学（长乐社区）"),
    }  # fmt: skip
    changes.undo(done.change_id, "退回", actor=SYSTEM, at=at)
    school.refresh_from_db()
    assert (school.place_id, school.name) == (town[ONE], "示例第一小学")


def test_the_way_through_the_interface(sign_in, city, clock):
    desk, clerk = sign_in("zhihui"), sign_in("anquan")
    place = Place.objects.filter(level="community", area="510107").order_by("code").first()
    body = {"place_id": str(place.id), "name": "=示例银行", "kind": "bank", "contact_phone": "028-0000-0001"}
    assert clerk.post("/api/partners", body)[0] == 403 and not Partner.objects.exists()
    status, made = desk.post("/api/partners", body)
    assert (status, made["phone_masked"], made["kind_zh"]) == (201, "028****0001", "金融机构")
    assert desk.post("/api/partners", body)[1]["error"]["code"] == "partner-exists"
    one = f"/api/partners/{made['area']}/{made['id']}"
    wrong = {"title": "协议", "content": "防诈骗", "from_on": "2026-03-09", "last_on": "2026-03-01"}
    assert desk.post(f"{one}/agreements", wrong)[1]["error"]["field"] == "last_on"
    status, made = desk.post(f"{one}/agreements", wrong | {"last_on": None})
    assert (status, made["agreements"][0]["state_zh"]) == (201, "有效")
    agreement = made["agreements"][0]["id"]
    task = {"what": "宣传一次", "due_on": "2026-03-20", "agreement_id": agreement}
    [task] = desk.post(f"{one}/tasks", task)[1]["tasks"]
    assert [step["verb"] for step in task["allowed_actions"]] == ["finish", "drop"]
    assert (
        desk.post(f"{one}/tasks/{task['id']}/finish", {"said": "到会50人"})[1]["tasks"][0]["result"]
        == "到会50人"
    )
    assert desk.post(f"{one}/phone", {"reason": ""})[1]["error"]["field"] == "reason"
    assert desk.post(f"{one}/phone", {"reason": "联系"})[1] == {"phone": "028-0000-0001"}
    assert desk.post(one, {"name": "示例银行", "kind": "bank", "keep_phone": True})[1]["name"] == "示例银行"
    assert [row["verb_zh"] for row in desk.get(f"{one}/history")[1]] == [
        "登记",
        "签订",
        "交办",
        "完成",
        "修改",
    ]
    above = Place.objects.get(code="510107").id
    assert desk.get(f"/api/grids/{above}")[1]["partners"] == 1
    assert desk.get(f"/api/partners?place={above}")[1]["total"] == 1
    answer = desk.client.get(f"/api/partners/export?place={above}")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names == ["共建单位", "协议", "任务"]
    head, row = book.get_sheet_by_name("任务").to_python()
    told = dict(zip(head, row, strict=True))
    assert (told["任务"], told["状态"], told["完成情况"]) == ("宣传一次", "已完成", "到会50人")
    assert "028-0000-0001" not in str(book.get_sheet_by_name("共建单位").to_python())
    assert desk.post(f"{one}/agreements/{agreement}/end", {"said": "换新协议"})[0] == 200
    assert desk.post(f"{one}/step/end", {"said": "合并网点"})[1]["state"] == "ended"
    assert desk.post(f"{one}/step/resume", {"said": "误操作"})[1]["state"] == "active"
    assert desk.post(f"{one}/step/vanish", {"said": "无"})[0] == 404
    for address in (f"/api/partners?place={above}", f"/api/partners/export?place={above}", f"{one}/history"):
        assert clerk.get(address)[0] == 403
    assert desk.get(f"/api/partners?place={above}&state=old")[1]["error"]["field"] == "state"
