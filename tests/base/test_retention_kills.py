"""A destruction killed at random points: every row goes once, and the certificate is right."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from shanzhi.base.audit import sealer
from shanzhi.base.media.models import MediaFile
from shanzhi.base.retention import certificate
from shanzhi.base.retention.models import DestructionLine, DestructionRun, RetentionEvent
from shanzhi.core.kit.ids import uuid7

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]
HOLDINGS, ROWS, KILLS = 8, 60, 3

# Slow holdings: each deletes its rows and then waits in its transaction, so that kills fall inside of it.
_RUN = f"""
import sys, time, uuid, django
from datetime import UTC, datetime
django.setup()
from shanzhi.base.retention import digests, holdings, running

def make(width):
    def where(scope):
        return "t.width = %s", [width]
    def count(scope):
        return digests.count("media_mediafile", *where(scope))
    def destroy(scope):
        done = digests.delete("media_mediafile", *where(scope), columns=["size"], keys=["sha256"])
        time.sleep(0.25)
        return done
    return holdings.Holding(f"kill-{{width}}", "示例", "x", "测试", "test", "personal", None, True, count, destroy)

holdings._HOLDINGS.by_code = {{f"kill-{{n}}": make(n) for n in range(1, {HOLDINGS} + 1)}}
running.run_through(uuid.UUID(sys.argv[1]), datetime.now(UTC))
"""


def _url() -> str:
    head, _, options = os.environ["DATABASE_URL"].partition("?")
    name = connection.settings_dict["NAME"]
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{options}" if options else "")


def test_killed_half_way_it_goes_on_and_the_certificate_is_right(settings: Any) -> None:
    settings.SHANZHI_SEAL_KEY = key = "key of the kill test"
    at = datetime.now(UTC)
    for width in range(1, HOLDINGS + 1):
        MediaFile.objects.bulk_create(
            MediaFile(
                sha256=f"{width:02d}{number:04d}".ljust(64, "0"), size=number, type="jpeg", width=width, height=1,
                received_at=at - timedelta(days=1),
            )
            for number in range(ROWS)
        )  # fmt: skip
    run = DestructionRun.objects.create(
        number="XH-KILL", scope="activation", activation_id=uuid7(), title="示例", basis="示例", state="signed",
        due_on=at.date() - timedelta(days=1), planned_by="示例", planned_at=at, rule="standing-rule",
    )  # fmt: skip
    RetentionEvent.objects.create(run=run, verb="sign", actor_name="系统", role="rule", at=at)
    for width in range(1, HOLDINGS + 1):
        DestructionLine.objects.create(
            run=run,
            position=width,
            holding=f"kill-{width}",
            zh="示例",
            en="x",
            data_class="personal",
            counted=ROWS,
        )
    command = [sys.executable, "-c", _RUN, str(run.id)]
    environment = os.environ | {"DATABASE_URL": _url(), "SHANZHI_SEAL_KEY": key}
    chance, partly = random.Random(7), 0
    for _ in range(KILLS):
        process = subprocess.Popen(command, env=environment)
        begun = time.monotonic()
        done = run.lines.filter(state="done").count()
        # Wait until this process has destroyed something of its own, then kill it at a moment of its next line.
        while run.lines.filter(state="done").count() == done and process.poll() is None:
            assert time.monotonic() - begun < 120
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.wait()
        lines = {line.holding: line for line in run.lines.all()}
        for width in range(1, HOLDINGS + 1):
            left = MediaFile.objects.filter(width=width).count()
            assert left == (0 if lines[f"kill-{width}"].state == "done" else ROWS)
        partly += 0 < sum(line.state == "done" for line in lines.values()) < HOLDINGS
    assert partly >= 2  # otherwise nothing was tested
    subprocess.run(command, env=environment, check=True, timeout=120)
    run.refresh_from_db()
    assert (run.state, MediaFile.objects.count()) == ("done", 0)
    assert list(run.lines.values_list("destroyed", "remained")) == [(ROWS, 0)] * HOLDINGS
    assert RetentionEvent.objects.filter(run=run, verb="destroy").count() == HOLDINGS
    sealer.seal_all(datetime.now(UTC), all_rows=True)
    checked = certificate.check(run)
    assert (checked.problems, checked.unsealed) == ([], 0)
