"""Where a replay takes place (重放环境): a database of its own, with relay and sealer at work beside it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from shanzhi.edge.cli import postgres
from shanzhi.edge.cli.ready import make_ready
from shanzhi.edge.cli.sentences import CommandError
from shanzhi.edge.cli.serve import die_with_us

if TYPE_CHECKING:
    from shanzhi.edge.exchange.replaying import Door

SETTLE_SECONDS = 600.0


class ReplayHome:
    """The database `name` beside the program's own, made when it is not there; `restart` makes it anew."""

    def __init__(self, name: str, restart: bool, http: bool = False) -> None:
        # Never the program's own: a restart drops it.
        if not re.fullmatch(r"(replay|drill)[a-z0-9_]{0,50}", name):
            raise CommandError(
                "重放或演练用的数据库名应以 replay 或 drill 开头，只含小写字母、数字和下划线。",
                "A name for a database begins with replay or drill and has small letters, digits, underscores.",
            )
        self.name, self.restart, self.http = name, restart, http
        self._stop = threading.Event()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._looking: threading.Thread | None = None

    def __enter__(self) -> ReplayHome:
        given = os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL")
        self._is_embedded = not given
        from shanzhi.edge.cli.main import project_root

        self._root = project_root()
        url = given or postgres.ensure_running(self._root).owner_url
        self.source_url = url  # of the program's own database
        os.environ["DATABASE_URL"] = self._own_database(url)
        state = self._root / ".shanzhi"
        state.mkdir(mode=0o700, exist_ok=True)
        self._clock_file = state / f"{self.name}.clock"
        self._port = _free_port()
        make_ready()
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
        for name in self._commands():
            self._start(name)
        self._looking = threading.Thread(target=self._look_after, daemon=True)
        self._looking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._looking:
            self._looking.join(5)
        for child in self._children.values():
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        for child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(5)
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)

    def _own_database(self, url: str) -> str:
        parts = urlsplit(url)
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
                name = sql.Identifier(self.name)
                if self.restart:
                    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.name])
                if known.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        except psycopg.Error as error:
            reason = str(error).strip().splitlines()[-1]
            raise CommandError(
                f"不能准备重放用的数据库：{reason}", f"The database for the replay cannot be made: {reason}"
            ) from error
        return urlunsplit(parts._replace(path=f"/{self.name}"))

    def _commands(self) -> dict[str, list[str]]:
        """What runs beside the replay: relay and sealer, and for HTTP the web."""
        commands = {
            "relay": ["-m", "shanzhi.edge.cli.worker", "relay"],
            "sealer": ["-m", "shanzhi.edge.cli.worker", "sealer"],
        }
        if self.http:
            web = [
                "-m",
                "granian",
                "--host",
                "127.0.0.1",
                "--port",
                str(self._port),
                "--no-ws",
                "--log-level",
            ]
            commands["web"] = [*web, "warning", "--interface", "wsgi", "shanzhi.edge.wsgi:application"]
        return commands

    def _start(self, name: str) -> None:
        environment = os.environ | {"SHANZHI_ANONYMOUS_RATES": "0"}
        if name == "web":
            environment["SHANZHI_CLOCK_FILE"] = str(self._clock_file)
        command = [sys.executable, *self._commands()[name]]
        self._children[name] = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_us
        )

    def _look_after(self) -> None:
        """Start again what was killed."""
        while not self._stop.wait(0.3):
            for name, child in list(self._children.items()):
                if child.poll() is not None:
                    with suppress(ProcessLookupError):
                        os.killpg(child.pid, signal.SIGKILL)
                    self._start(name)

    def mend(self) -> None:
        """The connection broke: have the embedded server run again."""
        if self._is_embedded:
            with suppress(CommandError):
                postgres.ensure_running(self._root)

    def photo(self, at: datetime) -> str:
        """The photo that simulated staff attach."""
        from shanzhi.base.media import actions as media
        from shanzhi.edge.cli.demo import drawn_photo

        return str(media.store(drawn_photo(), at).sha256)

    def door(self, at: datetime) -> Door:
        """The way in: the actions themselves, or HTTP, whose time begins at `at`."""
        from shanzhi.core.kit.clock import FileClock
        from shanzhi.edge.exchange.http_door import HttpDoor
        from shanzhi.edge.exchange.replaying import OwnDoor

        if not self.http:
            return OwnDoor()
        clock = FileClock(self._clock_file)
        clock.set(at)
        return HttpDoor(self._port, clock)

    def settle(self) -> None:
        """Wait until everything is told and sealed. Raises CommandError when that takes too long."""
        from shanzhi.base.audit import queries as audit
        from shanzhi.base.outbox import queries as outbox

        end = time.monotonic() + SETTLE_SECONDS
        while outbox.waiting() or audit.waiting():
            if time.monotonic() > end:
                raise CommandError("封存或发件没有完成。", "Sealing or telling did not come to an end.")
            time.sleep(0.5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
