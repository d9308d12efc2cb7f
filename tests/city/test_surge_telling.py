"""Whoever is posted is told by text message where to go, and reads it on a page of their own."""

from datetime import date, timedelta

import pytest

from shanzhi.base.access import SYSTEM
from shanzhi.base.messaging import channels
from shanzhi.base.messaging.models import Message
from shanzhi.base.retention import holdings
from shanzhi.base.retention.holdings import Scope
from shanzhi.city.compounds.models import Compound
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Post
from shanzhi.city.places.models import Place
from shanzhi.city.surge import actions, lists, telling
from shanzhi.city.surge.actions import NewNeed, NewOffer
from shanzhi.city.surge.jobs import tell_posted

pytestmark = pytest.mark.once

DAY, END = date(2026, 3, 9), date(2026, 3, 23)
NUMBER = "13800000001"


class Texts:
    """A channel for text messages that sends nothing here."""

    code = "sms"


@pytest.fixture
def texts():
    before = channels.registered().get("sms")
    channels.register(Texts())
    yield
    channels.unregister("sms")
    if before is not None:
        channels.register(before)


@pytest.fixture
def posted(town, post_kinds, at):
    """Three people posted: with a mobile number, with another kind of number, without one."""
    unit = people.create_unit(code="DQ-01", name="东区甲局", place_id=town["900101"], actor=SYSTEM, at=at)
    new = [
        NewOffer(name=name, phone=phone, from_on=DAY, to_on=END)
        for name, phone in (("干部甲", NUMBER), ("干部乙", "028-0000-0001"), ("干部丙", ""))
    ]
    actions.offer_people(unit.id, new, actor=SYSTEM, at=at)
    place = town["900101001001"]
    compound = Compound.objects.create(
        area="900101", name="示例小区", pinyin="shi li xiao qu", place_id=place, opened_on=date(2025, 1, 1)
    )
    actions.state_need(
        NewNeed(people=3, from_on=DAY, to_on=END, task=f"入户登记，联系 {NUMBER}", compound=("900101", compound.id)),
        actor=SYSTEM, at=at,
    )  # fmt: skip
    return actions.assign((), DAY, actor=SYSTEM, at=at)[1]


def told(postings, at):
    rows = [lists.again(posting) for posting in postings]
    return {
        one.name: one.told and (one.told.code, one.told.call) for one in lists.postings_out(SYSTEM, rows, at)
    }


def test_who_has_a_mobile_number_is_told_once(posted, texts, at):
    ids = [str(one.id) for one in posted]
    assert told(posted, at) == {"干部甲": ("none", True), "干部乙": ("none", True), "干部丙": ("none", True)}
    assert (tell_posted(ids), tell_posted(ids)) == (1, 0)
    message = Message.objects.get()
    assert (message.recipient_kind, message.channel, message.purpose) == ("surge_offer", "sms", "surge")
    assert "示例小区，2026-03-09至2026-03-22。首个任务：入户登记，联系 …。" in message.text
    assert "长乐社区" in message.text and "干部甲" not in message.text and NUMBER not in message.text
    assert told(posted, at)["干部甲"] == ("queued", False)
    for state, call in (("delivered", False), ("failed", True)):
        Message.objects.update(state=state, next_at=None)
        assert told(posted, at)["干部甲"] == (state, call)


def test_without_a_channel_nobody_is_told(posted, at):
    assert telling.channel() == ""
    assert telling.tell([one.id for one in posted], at) == 0 and not Message.objects.exists()


def test_what_waits_is_stopped_when_the_posting_ends(posted, texts, at):
    first = next(one for one in posted if one.offer.name == "干部甲")
    telling.tell([one.id for one in posted], at)
    actions.perform(first.area, first.id, "return", reason="另有任务", actor=SYSTEM, at=at)
    assert Message.objects.get().state == "cancelled"
    assert told([first], at) == {"干部甲": None}
    assert telling.tell([first.id], at) == 0


def of_first(postings):
    return next(one for one in postings if one.offer.name == "干部甲")


def test_whoever_heard_of_a_posting_hears_that_it_is_over(posted, texts, at):
    first = of_first(posted)
    telling.tell([one.id for one in posted], at)
    Message.objects.update(state="sent", next_at=None, sent_at=at)
    for one in posted:
        actions.perform(one.area, one.id, "relieve", reason="轮换", actor=SYSTEM, at=at)
    relief = Message.objects.get(round=2)  # the others were never told anything
    assert (relief.subject_id, relief.channel, relief.state, relief.address) == (
        first.id,
        "sms",
        "queued",
        NUMBER,
    )
    assert "示例小区的分派已取消，无需前往。请等候下一次安排。" in relief.text and "长乐社区" in relief.text
    assert told(posted, at) == {"干部甲": ("queued", False), "干部乙": None, "干部丙": None}
    actions.perform(first.area, first.id, "return", reason="任务结束", actor=SYSTEM, at=at)
    relief.refresh_from_db()
    last = Message.objects.get(round=3)
    assert (relief.state, last.state) == ("cancelled", "queued")
    assert last.text == "【干部下沉】您的下沉任务已结束。请返回原单位。" and last.address == NUMBER
    first.offer.refresh_from_db()
    assert not first.offer.phone  # erased with the return, after the message was written


def test_who_stands_there_hears_that_they_may_leave(posted, texts, at):
    first = of_first(posted)
    telling.tell([first.id], at)
    actions.perform(first.area, first.id, "report_in", actor=SYSTEM, at=at)
    actions.perform(first.area, first.id, "return", reason="任务结束", actor=SYSTEM, at=at)
    one, two = Message.objects.order_by("round")
    assert (one.state, two.state) == ("cancelled", "queued")
    assert two.text.endswith("示例小区的任务已结束，可以离岗。请返回原单位。")


def test_a_posting_that_runs_out_by_night_is_told_in_the_morning(posted, texts, at):
    telling.tell([one.id for one in posted], at)
    Message.objects.update(state="delivered", next_at=None)
    night = at.replace(day=22, hour=16, minute=7)  # 00:07 of the 23rd in the city
    assert actions.end_due(night) == (3, 3)
    relief, last = Message.objects.filter(round__gt=1).order_by("round")
    assert (relief.state, last.state) == ("cancelled", "queued")  # both in one night: told once
    assert last.next_at == at.replace(day=23, hour=0, minute=0)  # eight o'clock
    assert last.text.endswith("请返回原单位。")


def test_a_unit_that_takes_somebody_back_tells_them(posted, texts, at):
    first = of_first(posted)
    telling.tell([first.id], at)
    Message.objects.update(state="sent", next_at=None)
    actions.perform(first.area, first.id, "relieve", reason="轮换", actor=SYSTEM, at=at)
    actions.withdraw_offer(first.offer_id, "单位召回", actor=SYSTEM, at=at)
    assert [one.state for one in Message.objects.order_by("round")] == ["sent", "cancelled", "queued"]


def test_everybody_reads_their_own_postings(sign_in, city, clock):
    """Through the interface: where, which first task, and reporting in oneself."""
    at, community = (
        clock.now(),
        Place.objects.filter(level="community", area="510107").order_by("code").first(),
    )
    worker, other = sign_in("chuzhi"), sign_in("shouli")
    post = Post.objects.filter(account__username="chuzhi", unit__isnull=False).first()
    on = date(2026, 3, 9)
    actions.offer_people(
        post.unit_id, [NewOffer(name="甲", account_id=post.account_id, from_on=on, to_on=END)],
        actor=SYSTEM, at=at,
    )  # fmt: skip
    manager = sign_in("zhihui")
    manager.post(
        "/api/surge/needs",
        {
            "people": 1,
            "from_on": str(DAY),
            "to_on": str(END),
            "task": "卡点值守",
            "place_id": str(community.id),
        },
    )
    assert manager.post("/api/surge/assign", {"on": str(on)})[0] == 200
    [mine] = worker.get("/api/surge/mine")[1]
    assert (mine["place"]["name"], mine["task"], mine["told"]["code"]) == (community.name, "卡点值守", "none")
    assert [one["verb"] for one in mine["allowed_actions"]] == ["report_in"]
    assert other.get("/api/surge/mine") == (200, [])
    step = f"/api/surge/postings/{mine['area']}/{mine['id']}/report-in"
    assert other.post(step, {})[0] == 404
    reported = worker.post(step, {})[1]
    assert (reported["state"], reported["told"]) == ("reported_in", None)
    manager.post(step.replace("report-in", "return"), {"reason": "任务结束"})
    [over] = worker.get("/api/surge/mine")[1]
    assert (over["end_reason"], over["told"], over["allowed_actions"]) == ("任务结束", None, [])


def test_the_general_holding_of_messages_covers_the_numbers_of_people_posted(posted, texts, at, settings):
    """Nothing of its own is registered for them: they end with every other message's number (留存)."""
    holding = holdings.known()["messages"]
    assert tell_posted([str(one.id) for one in posted]) == 1
    assert Message.objects.exclude(address_digest="").get().recipient_kind == "surge_offer"
    before = Scope(before=at - timedelta(days=1))
    after = Scope(before=at + timedelta(days=settings.SHANZHI_MESSAGE_DAYS + 1))
    assert (holding.count(before), holding.count(after)) == (0, 1)
    assert holding.destroy(before).rows == 0
    assert holding.destroy(after).rows == 1
    message = Message.objects.get()
    assert (message.address or None, message.address_digest, message.state) == (None, "", "cancelled")
    assert holding.count(after) == 0
