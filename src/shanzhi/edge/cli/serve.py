"""`shanzhi serve`: the supervisor (监管进程) of one city: database, HTTP, push, intake and worker."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from shanzhi.edge.cli import postgres
from shanzhi.edge.cli.home import Home, find_home
from shanzhi.edge.cli.sentences import CommandError

FREE_BYTES = 200 * 1024 * 1024
GRACE_SECONDS = 10.0
READY_SECONDS = 180.0  # on a machine that is busy or slow, the first import takes its time
THREADS = 4  # of each HTTP process; each holds one database connection
STREAMS = 20_000  # connections of an intake process; its limit of open files may be lower
LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class Child:
    """One process that is kept running."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0.0
    next_at: float = 0.0

    def start(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            self.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_us,
        )
        self.started_at = time.monotonic()


@dataclass
class Supervisor:
    """Starts everything, starts again what falls over, stops everything."""

    root: Path
    host: str = "127.0.0.1"
    port: int = 8000
    push_port: int = 8001
    intake_port: int = 8002
    workers: int = 0
    demo: bool = True
    stop: threading.Event = field(default_factory=threading.Event)
    environment: dict[str, str] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    embedded: Home | None = None

    def run(self) -> int:
        """Serve until asked to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop.set())
        state = self.root / ".shanzhi"
        state.mkdir(mode=0o700, exist_ok=True)
        with open(state / "serve.lock", "a", encoding="utf-8") as lock:
            _only_one(lock.fileno())
            _enough_room(state)
            for port in (self.port, self.push_port, self.intake_port):
                _free_port(self.host, port)
            try:
                logins = self._prepare()
                if not self.stop.is_set():
                    self._start_children()
                    self._wait_until_ready()
                if not self.stop.is_set():
                    self._announce(logins)
                while not self.stop.wait(0.5):
                    self._look_after()
            finally:
                self._stop_all()
        return 0

    def _prepare(self) -> str:
        owner = os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL", "")
        app = os.environ.get("DATABASE_URL", "")
        if not app:
            self.embedded = find_home(self.root)
            _say("启动内置数据库 / starting the embedded database")
            connections = postgres.ensure_running(self.root)
            owner, app = connections.owner_url, connections.app_url
        else:
            _answers(app)
        shared = os.environ | {
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings"),
            "SHANZHI_ROOT": str(self.root),
            "SHANZHI_PORT": str(self.port),
            "SHANZHI_PUSH_URL": os.environ.get("SHANZHI_PUSH_URL")
            or f"http://{self.host}:{self.push_port}/api/push/stream",
            "SHANZHI_INTAKE_URL": os.environ.get("SHANZHI_INTAKE_URL")
            or f"http://{self.host}:{self.intake_port}/api/intake",
            "PYTHONUNBUFFERED": "1",
        }
        self.environment = shared | {"DATABASE_URL": app}
        _say("更新数据表 / bringing the tables up to date")
        as_owner = shared | {"DATABASE_URL": owner}
        self._once("migrate", ["-m", "django", "migrate", "--no-input", "--verbosity", "0"], as_owner)
        if not self.demo or self.stop.is_set():
            return ""
        _say("准备演示城市 / preparing the demo city")
        return self._once("demo", ["-m", "shanzhi.edge.cli.main", "demo"], self.environment)

    def _once(self, name: str, arguments: list[str], environment: dict[str, str]) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=False, start_new_session=True
        )
        if done.returncode:
            raise CommandError(
                f"步骤 {name} 失败，原因见上。", f"The step `{name}` failed; the reason is printed above."
            )
        return done.stdout

    def _start_children(self) -> None:
        workers = self.workers or min(max(os.cpu_count() or 1, 2), 8)
        granian = [sys.executable, "-m", "granian", "--host", self.host, "--no-ws", "--log-level", "warning"]
        granian += ["--respawn-failed-workers"]
        wsgi = [*granian, "--interface", "wsgi", "--port", str(self.port), "--workers", str(workers)]
        wsgi += ["--blocking-threads", str(THREADS), "--backpressure", str(THREADS * 16)]
        # Without these a process keeps 1,024 connections at most, and thrice the memory for each.
        asgi = [*granian, "--interface", "asgi", "--http", "1", "--backpressure", str(STREAMS), "--port"]
        push = [sys.executable, "-m", "shanzhi.edge.push.server"]
        self.children = [
            Child("http", [*wsgi, "shanzhi.edge.wsgi:application"]),
            Child("push", [*push, "--host", self.host, "--port", str(self.push_port)]),
            Child("intake", [*asgi, str(self.intake_port), "shanzhi.edge.intake.asgi:application"]),
            Child("worker", [sys.executable, "-m", "shanzhi.edge.cli.worker"]),
        ]
        _say("启动服务 / starting the services")
        for child in self.children:
            child.start(self.environment)

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while not self.stop.wait(0.1):
            with suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
                return
            if time.monotonic() > end:
                raise CommandError(
                    "服务在三分钟内没有就绪。", "The service was not ready within three minutes."
                )
            self._look_after()

    def _look_after(self) -> None:
        """Start again what has ended, with growing pauses for what keeps ending."""
        now = time.monotonic()
        if self.embedded and postgres.server_process(self.embedded) is None:
            _say("数据库已中断，重新启动 / the database ended: starting it again")
            try:
                postgres.ensure_running(self.root)
            except CommandError as error:
                _say(str(error))
                self.stop.wait(2)
        for child in self.children:
            if child.process is None:
                if now >= child.next_at:
                    child.start(self.environment)
            elif (code := child.process.poll()) is not None:
                _kill_group(child.process.pid, signal.SIGKILL)
                child.failures = 1 if now - child.started_at > 60 else child.failures + 1
                child.next_at = now + min(0.5 * 2**child.failures, LONGEST_PAUSE_SECONDS)
                child.process = None
                _say(f"{child.name} 已退出（{code}），将重新启动 / ended ({code}): starting it again")

    def _announce(self, logins: str) -> None:
        address = f"http://{self.host}:{self.port}"
        print(f"\n善治 Shanzhi\n  工作台 desk      {address}/\n  市民端 resident  {address}/r/\n", flush=True)
        if logins.strip():
            print(logins.rstrip() + "\n", flush=True)
        print("按 Ctrl-C 停止。 / Ctrl-C stops it.", flush=True)

    def _stop_all(self) -> None:
        running = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in running:
            _kill_group(process.pid, signal.SIGTERM)
        end = time.monotonic() + GRACE_SECONDS
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(end - time.monotonic(), 0.1))
        for child in self.children:
            if child.process:
                _kill_group(child.process.pid, signal.SIGKILL)
        if self.embedded:
            with suppress(CommandError):
                postgres.stop(self.root)
        _say("已停止 / stopped")


def _say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def _kill_group(process_id: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, number)


def die_with_us() -> None:
    """On Linux a child ends when its supervisor is killed."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _only_one(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise CommandError(
            "本目录的服务已在运行，请先停止它。",
            "The service of this folder is already running: stop it first.",
        ) from error


def _enough_room(folder: Path) -> None:
    if shutil.disk_usage(folder).free < FREE_BYTES:
        raise CommandError(
            f"磁盘空间不足：{folder} 所在的磁盘已满，请清理后再试。",
            f"The disk that holds {folder} is full: make room and try again.",
        )


def _free_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"端口 {port} 已被其他程序占用；请先停止它，或用 --port 换一个。",
                    f"Port {port} is taken by another program: stop that one, or choose another with --port.",
                ) from error
            raise CommandError(
                f"不能使用地址 {host}:{port}：{error.strerror}。",
                f"The address {host}:{port} cannot be used: {error.strerror}.",
            ) from error


def _answers(url: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise CommandError(
            f"连不上 DATABASE_URL 所指的数据库：{reason}",
            f"The database named by DATABASE_URL does not answer: {reason}",
        ) from error
