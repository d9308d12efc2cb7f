"""The embedded PostgreSQL: created once, found again, restarted, private."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shanzhi.edge.cli import home as home_module
from shanzhi.edge.cli import postgres

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A project folder whose path has a space and Chinese, and which every user can reach."""
    with tempfile.TemporaryDirectory(prefix="shanzhi-test-") as base:
        os.chmod(base, 0o755)
        folder = Path(base) / "山 治 project"
        folder.mkdir()
        yield folder
        postgres.stop(folder)


def _put(root: Path, text: str) -> None:
    with psycopg.connect(postgres.ensure_running(root).owner_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        connection.execute("DELETE FROM kept")
        connection.execute("INSERT INTO kept VALUES (%s)", [text])


def _kept(root: Path) -> str:
    with psycopg.connect(postgres.ensure_running(root).owner_url) as connection:
        return str(connection.execute("SELECT text FROM kept").fetchall()[0][0])


def test_roles_modes_and_passwords(root: Path) -> None:
    connections = postgres.ensure_running(root)
    for url, role in (
        (connections.owner_url, "shanzhi_owner"),
        (connections.app_url, "shanzhi_app"),
        (connections.auditor_url, "shanzhi_auditor"),
    ):
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT current_user, current_setting('is_superuser')").fetchone()
            assert row == (role, "off")
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
    home = home_module.find_home(root)
    assert home.data == root / ".shanzhi" / "postgres" / "data"
    assert stat.S_IMODE(home.data.stat().st_mode) == 0o700
    assert "trust" not in {
        line.split()[-1]
        for line in (home.data / "pg_hba.conf").read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    }
    for name in ("connections.json", "secrets.json"):
        assert stat.S_IMODE((root / ".shanzhi" / name).stat().st_mode) == 0o600
    socket = Path(postgres.django_database(connections.app_url)["HOST"])
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert len(str(socket)) < 80
    database = postgres.django_database(connections.app_url)
    wrong = {"host": str(socket), "port": database["PORT"], "dbname": "shanzhi", "user": "shanzhi_app"}
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**wrong, password="wrong")


def test_app_cannot_create_tables(root: Path) -> None:
    with psycopg.connect(postgres.ensure_running(root).app_url) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE forbidden (text text)")


def test_a_second_start_finds_the_data(root: Path) -> None:
    _put(root, "留下")
    assert postgres.stop(root) is True
    assert postgres.stop(root) is False
    assert postgres.status(root).running is False
    assert _kept(root) == "留下"
    assert postgres.status(root).version.startswith("18.")


def test_a_server_left_by_a_killed_parent_is_used(root: Path) -> None:
    _put(root, "孤儿")
    postgres.stop(root)
    code = (
        "import os, signal, sys; from pathlib import Path; from shanzhi.edge.cli import postgres;"
        "postgres.ensure_running(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(root)], check=False)
    assert killed.returncode == -signal.SIGKILL
    left = postgres.status(root).process_id
    assert left is not None
    assert _kept(root) == "孤儿"
    assert postgres.status(root).process_id == left


def test_a_crashed_server_is_started_again(root: Path) -> None:
    _put(root, "崩溃")
    before = postgres.status(root).process_id
    assert before is not None
    os.kill(before, signal.SIGKILL)
    end = time.monotonic() + 10
    while postgres.is_alive(root) and time.monotonic() < end:
        pass
    assert postgres.is_alive(root) is False
    assert _kept(root) == "崩溃"
    assert postgres.status(root).process_id != before


def test_a_stale_lock_with_a_living_number_is_taken_away(root: Path) -> None:
    _put(root, "旧锁")
    postgres.stop(root)
    home = home_module.find_home(root)
    lock = home.data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{home.data}\n1\n5432\n\n", "utf-8")
    home.give(lock)
    assert _kept(root) == "旧锁"


def test_two_starters_get_one_server(root: Path) -> None:
    postgres.stop(root)
    code = (
        "import sys; from pathlib import Path; from shanzhi.edge.cli import postgres;"
        "print(postgres.ensure_running(Path(sys.argv[1])).app_url)"
    )
    command = [sys.executable, "-c", code, str(root)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    urls = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert len(urls) == 1
    assert urls == {postgres.ensure_running(root).app_url}


def test_nothing_outside_the_state_folder_is_touched(root: Path) -> None:
    assert sorted(path.name for path in root.iterdir()) == [".shanzhi"]
    before = stat.S_IMODE(root.parent.stat().st_mode)
    postgres.ensure_running(root)
    assert stat.S_IMODE(root.parent.stat().st_mode) == before


def test_in_a_closed_folder_root_uses_a_folder_of_the_servers_user() -> None:
    with tempfile.TemporaryDirectory(prefix="shanzhi-test-") as base:  # made 0700
        folder = Path(base)
        far = home_module.find_home(folder)
        try:
            assert (folder in far.cluster.parents) == (os.geteuid() != 0)
            assert far.cluster.stat().st_uid == (far.user_id or os.geteuid()) != 0
            assert stat.S_IMODE(far.cluster.stat().st_mode) == 0o700
            _put(folder, "远")
            assert _kept(folder) == "远"
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        finally:
            postgres.stop(folder)
            shutil.rmtree(far.cluster.parent, ignore_errors=True)


def test_database_urls_are_read() -> None:
    assert postgres.django_database("postgresql://u:p%40@db.example:6432/name?sslmode=require") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "name",
        "USER": "u",
        "PASSWORD": "p@",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "require"},
    }
