"""Two at once: every guess is counted, and the three administrators stay three."""

import threading
from datetime import date

import pytest
from django.db import connection
from django.test import RequestFactory

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions
from shanzhi.city.people.errors import AccountLocked, DutiesConflict, SignInFailed
from shanzhi.city.people.models import Post, SignInGuard
from shanzhi.core.kit.errors import ShanzhiError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


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


def test_guesses_sent_at_once_are_counted_one_by_one(transactional_db, at):
    def guess():
        actions.sign_in(RequestFactory().post("/"), "wang.min", "wrong", at)

    raised = together(*[guess] * 8)
    assert sorted(error.__name__ for error in raised) == (
        [AccountLocked.__name__] * 4 + [SignInFailed.__name__] * 4
    )
    assert SignInGuard.objects.get().failed_attempts == 5


def test_one_of_two_conflicting_appointments_wins(transactional_db, town, post_kinds, at):
    account = actions.create_account("wang.min", "王敏", "Spring-2026", actor=SYSTEM, at=at)

    def appoint(kind):
        return lambda: actions.appoint(
            account.id, kind, town["900101"], from_on=date(2026, 1, 1), actor=SYSTEM, at=at
        )

    raised = together(appoint("system_admin"), appoint("audit_admin"))
    assert sorted(raised, key=str) == sorted([None, DutiesConflict], key=str)
    assert Post.objects.count() == 1
