"""Boards and postings when the tree changes: they go on at the successor, and come back with an undo."""

from datetime import date

import pytest

from shanzhi.base.access import SYSTEM
from shanzhi.city.cards import actions as cards
from shanzhi.city.cards import queries as boards
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Post
from shanzhi.city.places import changes
from shanzhi.city.places.wishes import Change
from shanzhi.city.surge import actions
from shanzhi.city.surge.actions import NewNeed, NewOffer
from shanzhi.city.surge.models import Need, Offer, Posting

DAY, BEGUN, END = date(2026, 3, 9), date(2026, 3, 9), date(2026, 3, 23)
ONE, OTHER = "900101001001", "900101001002"


@pytest.fixture
def posted(town, post_kinds, at):
    """Somebody at 长乐社区 with a telephone on its board, and somebody posted there who lives there."""
    account = people.create_account("person", "专职丙", "Spring-2026", actor=SYSTEM, at=at)
    post = people.appoint(account.id, "grid_worker", town[ONE], from_on=date(2026, 1, 1), actor=SYSTEM, at=at)
    cards.set_contact(town[ONE], post.id, phone="028-0000-0001", photo=None, shown=True, actor=SYSTEM, at=at)
    unit = people.create_unit(code="U", name="甲局", place_id=town["900101"], actor=SYSTEM, at=at)
    new = NewOffer(name="干部甲", home_id=town[ONE], from_on=BEGUN, to_on=END)
    actions.offer_people(unit.id, [new], actor=SYSTEM, at=at)
    actions.state_need(NewNeed(2, BEGUN, END, "登记", town[ONE]), actor=SYSTEM, at=at)
    _, [posting] = actions.assign((), DAY, actor=SYSTEM, at=at)
    return posting


def facts(posting):
    found = Posting.objects.get(id=posting.id)
    return (
        found.place_id, found.post_id, Need.objects.get().place_id, Offer.objects.get().home_id,
        [(one.name, one.printed_phone) for one in boards.board_for(SYSTEM, found.place_id, DAY).people],
    )  # fmt: skip


def test_a_merge_takes_them_along_and_an_undo_brings_them_back(posted, town, at):
    before = facts(posted)
    assert before[0] == before[2] == before[3] == town[ONE] and before[4] == [("专职丙", "028-0000-0001")]
    merge = Change(kind="merge", on=DAY, reason="合并", places=[town[ONE], town[OTHER]], into_id=town[OTHER])
    touched = {one.kind: one.count for one in changes.preview(merge, actor=SYSTEM, at=at).touches}
    assert (touched["surge"], touched["contacts"]) == (1, 1)
    done = changes.make(merge, actor=SYSTEM, at=at)
    place, post, need, home, people_there = facts(posted)
    assert place == need == home == town[OTHER] and people_there == [("专职丙", "028-0000-0001")]
    assert Post.objects.get(id=post).place_id == town[OTHER]
    # The posting goes its usual way at the successor.
    actions.perform(posted.area, posted.id, "report_in", actor=SYSTEM, at=at)
    changes.undo(done.change_id, "退回", actor=SYSTEM, at=at)
    assert facts(posted) == before
    actions.perform(posted.area, posted.id, "return", reason="完", actor=SYSTEM, at=at)
    assert Post.objects.get(id=before[1]).to_on == DAY
