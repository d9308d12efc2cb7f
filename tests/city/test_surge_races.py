"""Two clicks at once: nobody is posted twice, no need is overfilled, no person offered twice."""

import threading
from datetime import date

import pytest
from django.db import connection

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Post
from shanzhi.city.surge import actions
from shanzhi.city.surge.actions import NewNeed, NewOffer
from shanzhi.city.surge.errors import AlreadyOffered, NobodyToAssign
from shanzhi.city.surge.models import Offer, Posting
from shanzhi.core.flow.errors import UnknownEdge
from shanzhi.core.kit.errors import ShanzhiError

pytestmark = pytest.mark.django_db(transaction=True)
DAY, END = date(2026, 3, 9), date(2026, 3, 23)


def together(*calls):
    """Run the calls at once; what each raised."""
    start, raised = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        start.wait()
        try:
            call()
        except ShanzhiError as error:
            raised[index] = type(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.fixture
def unit(transactional_db, town, post_kinds, at):
    return people.create_unit(code="U", name="甲局", place_id=town["900101"], actor=SYSTEM, at=at)


def persons(*names):
    return [NewOffer(name=name, from_on=DAY, to_on=END) for name in names]


def test_one_of_two_clicks_posts_everybody(unit, town, at):
    actions.state_need(NewNeed(4, DAY, END, "登记", town["900101001001"]), actor=SYSTEM, at=at)
    actions.offer_people(unit.id, persons("甲", "乙", "丙"), actor=SYSTEM, at=at)
    raised = together(*[lambda: actions.assign((), DAY, actor=SYSTEM, at=at)] * 3)
    assert sorted(raised, key=str) == sorted([None, NobodyToAssign, NobodyToAssign], key=str)
    assert Posting.objects.count() == Post.objects.count() == 3
    posting = Posting.objects.first()
    raised = together(
        *[lambda: actions.perform(posting.area, posting.id, "report_in", actor=SYSTEM, at=at)] * 2
    )
    assert sorted(raised, key=str) == sorted([None, UnknownEdge], key=str)


def test_the_same_person_is_offered_once(unit, at):
    raised = together(*[lambda: actions.offer_people(unit.id, persons("甲"), actor=SYSTEM, at=at)] * 3)
    assert sorted(raised, key=str) == sorted([None, AlreadyOffered, AlreadyOffered], key=str)
    assert Offer.objects.count() == 1
