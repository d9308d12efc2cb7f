"""Jobs, and the command that verifies the history."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from shanzhi.base.media import files
from shanzhi.base.media.jobs import STALE_SECONDS, forget_stale_uploads
from shanzhi.city.people.jobs import forget_ended_sessions
from shanzhi.edge.cli import main, worker


@pytest.mark.django_db
def test_ended_sessions_are_forgotten() -> None:
    now = timezone.now()
    for key, ends in (("old", now - timedelta(seconds=1)), ("new", now + timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    assert forget_ended_sessions(timestamp=0) == 1
    assert [session.session_key for session in Session.objects.all()] == ["new"]


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
    Session.objects.create(
        session_key="old", session_data="", expire_date=timezone.now() - timedelta(seconds=1)
    )
    forget_ended_sessions.defer(timestamp=0)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_jobs, args=(stop,))
    thread.start()
    for _ in range(1000):
        if not Session.objects.exists():
            break
        threading.Event().wait(0.01)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_audit_verify_says_what_is_sealed(capsys: Any) -> None:
    assert main.main(["audit", "verify"]) == 0
    assert "0 rows sealed, 0 not yet, 0 problems." in capsys.readouterr().out
