"""A replay whose web, worker, database and own process are killed again and again: nothing lost, nothing twice."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shanzhi.edge.cli import postgres
from shanzhi.edge.cli.home import find_home

pytestmark = pytest.mark.long
KILLS = 20
ROWS = 300
TYPES = ("Street Light Outages", "Pothole Repair (Internal)", "Graffiti Removal")


def _file(path: Path) -> Path:
    """Invented reports in the columns of Boston's file."""
    chance, at = random.Random(5), datetime(2011, 7, 5, 8)
    titles = ["case_enquiry_id", "type", "open_dt", "closed_dt", "target_dt", "ontime", "queue", "longitude"]
    with path.open("w", newline="", encoding="utf-8") as made:
        lines = csv.writer(made)
        lines.writerow([*titles, "latitude", "neighborhood"])
        for number in range(ROWS):
            at += timedelta(minutes=chance.randrange(1, 20))
            quarter, kind = f"Quarter {number % 4}", chance.choice(TYPES)
            lines.writerow([f"T{number}", kind, at, "", "", "", f"Crew {number % 3}", "", "", quarter])
    return path


def _children(parent: int) -> dict[str, int]:
    """Processes of the replay by what they are."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                stat = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                if int(stat[1]) == parent:
                    command = (folder / "cmdline").read_text("utf-8", "replace")
                    for name in ("granian", "relay", "sealer"):
                        if name in command:
                            found[name] = int(folder.name)
    return found


def test_nothing_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    environment |= {"SHANZHI_ROOT": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    found, journal = tmp_path / "found.json", tmp_path / "journal.txt"
    command = [
        sys.executable, "-m", "shanzhi.edge.cli.main", "replay", str(_file(tmp_path / "reports.csv")), "--map",
        "boston311", "--http", "--json", str(found), "--journal", str(journal),
    ]  # fmt: skip
    chance, killed = random.Random(23), []
    try:
        running = subprocess.Popen(command, env=environment, cwd=tmp_path)
        while not journal.exists():
            assert running.poll() is None
            time.sleep(0.1)
        while len(killed) < KILLS and running.poll() is None:
            time.sleep(chance.uniform(1.0, 3.0))
            target = ("granian", "relay", "sealer", "postgres", "replay")[len(killed) % 5]
            if target == "postgres":
                process_id = postgres.server_process(find_home(tmp_path))
            else:
                process_id = running.pid if target == "replay" else _children(running.pid).get(target)
            if process_id is None:
                continue
            os.kill(process_id, signal.SIGKILL)
            killed.append(target)
            if target == "replay":
                running.wait()
                running = subprocess.Popen(command, env=environment, cwd=tmp_path)
                time.sleep(4)
        assert running.wait(900) == 0
    finally:
        running.kill()
        postgres.stop(tmp_path)
    result = json.loads(found.read_text("utf-8"))
    assert len(killed) == KILLS
    whole = result["integrity"]
    assert (whole["problems"], whole["reports"], whole["acknowledged_missing"]) == (0, ROWS, 0)
    assert whole["acknowledged"] >= 8 * ROWS
    assert result["scoreboard"]["totals"]["closed"] + result["scoreboard"]["totals"]["ended"] == ROWS
