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
    assert (message.address, message.address_digest, message.state) == (None, "", "cancelled")
    assert holding.count(after) == 0
