"""Jobs, and the command that verifies the history."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from shanzhi.base.access import SYSTEM
from shanzhi.base.media import files
from shanzhi.base.media.jobs import STALE_SECONDS, forget_stale_uploads
from shanzhi.city.people import actions as people
from shanzhi.city.people.jobs import forget_ended_sessions
from shanzhi.city.people.models import Account, DeskSession
from shanzhi.city.people.sessions import token_hash
from shanzhi.edge.cli import main, worker


def session(name: str, begun: timedelta, seen: timedelta) -> None:
    """A session of somebody, begun and last seen so long ago."""
    now = settings.SHANZHI_CLOCK.now()
    known = Account.objects.filter(username="somebody").first()
    account = known or people.create_account("somebody", "某人", "Spring-2026", actor=SYSTEM, at=now)
    DeskSession.objects.create(
        hash=token_hash(name), account=account, fingerprint="x", begun_at=now - begun, seen_at=now - seen
    )


@pytest.mark.django_db
def test_ended_sessions_are_forgotten() -> None:
    session("silent", timedelta(hours=1), timedelta(minutes=31))
    session("old", timedelta(hours=13), timedelta(0))
    session("new", timedelta(hours=11), timedelta(minutes=29))
    assert forget_ended_sessions(timestamp=0) == 2
    assert [bytes(found.hash) for found in DeskSession.objects.all()] == [token_hash("new")]


def test_stale_uploads_are_forgotten() -> None:
    assert forget_stale_uploads(timestamp=0) == 0
    for name, age in (("a" * 64, STALE_SECONDS + 60), ("b" * 64, 60)):
        part = files.part_of(name)
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(b"x")
        os.utime(part, (time.time() - age,) * 2)
    assert forget_stale_uploads(timestamp=0) == 1
    assert [part.name for part in files.part_of("x").parent.iterdir()] == ["b" * 64]


@pytest.mark.django_db(transaction=True)
def test_a_job_written_with_a_change_is_done_by_the_worker() -> None:
    session("silent", timedelta(hours=1), timedelta(minutes=31))
    forget_ended_sessions.defer(timestamp=0)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_jobs, args=(stop,))
    thread.start()
    for _ in range(1000):
        if not DeskSession.objects.exists():
            break
        threading.Event().wait(0.01)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert not DeskSession.objects.exists()


@pytest.mark.django_db
def test_audit_verify_says_what_is_sealed(capsys: Any) -> None:
    assert main.main(["audit", "verify"]) == 0
    assert "0 rows sealed, 0 not yet, 0 problems." in capsys.readouterr().out
