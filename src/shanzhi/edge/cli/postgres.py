"""The embedded PostgreSQL (内置数据库): started, found again, restarted and stopped by us.

`.shanzhi/connections.json` (0600) holds ``{"owner": url, "app": url, "auditor": url}`` of the running server;
`.shanzhi/secrets.json` (0600) the random passwords of the roles, made once.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shanzhi.edge.cli.connections import DATABASE, PORT, role_url
from shanzhi.edge.cli.connections import Connections as Connections
from shanzhi.edge.cli.connections import django_database as django_database
from shanzhi.edge.cli.connections import read_connections as read_connections
from shanzhi.edge.cli.home import Home, find_home, socket_folder
from shanzhi.edge.cli.sentences import CommandError

SUPERUSER = "shanzhi_super"
ROLES = ("shanzhi_owner", "shanzhi_app", "shanzhi_auditor")
START_SECONDS = 60.0
FREE_BYTES = 300 * 1024 * 1024


@dataclass(frozen=True)
class Status:
    """What is known of the embedded server."""

    running: bool
    process_id: int | None
    data: Path
    version: str = ""


def ensure_running(root: Path) -> Connections:
    """Find the running server of the project, or start it (first start: create it); return its URLs."""
    return start_at(find_home(root))


def start_at(home: Home) -> Connections:
    """As `ensure_running`, for a home chosen by the caller (the tests use another PostgreSQL's binaries)."""
    with _locked(home):
        passwords = _passwords(home)
        if not (home.data / "PG_VERSION").exists():
            _create(home, passwords[SUPERUSER])
        socket = _adopt(home, passwords)
        if socket is None:
            socket = _start(home, passwords)
        _write_private(home.state / "socket", str(socket))
        _set_up_roles(socket, passwords)
        urls = {role.removeprefix("shanzhi_"): role_url(role, passwords[role], socket) for role in ROLES}
        _write_private(home.state / "connections.json", json.dumps(urls, indent=2) + "\n")
        return Connections(urls["owner"], urls["app"], urls["auditor"])


def is_alive(root: Path) -> bool:
    """Whether the project's server process is there (cheap: no connection is made)."""
    return server_process(find_home(root)) is not None


def stop(root: Path, wait_seconds: float = 30.0) -> bool:
    """Stop the server (fast: sessions are ended, work is written); False when none was running."""
    return stop_at(find_home(root), wait_seconds)


def stop_at(home: Home, wait_seconds: float = 30.0) -> bool:
    """As `stop`, for a home chosen by the caller."""
    with _locked(home):
        process_id = server_process(home)
        if process_id is None:
            return False
        for request in (signal.SIGINT, signal.SIGQUIT):
            _signal(process_id, request)
            if _gone(home, process_id, wait_seconds):
                break
        remembered = _remembered_socket(home)
        if remembered:
            shutil.rmtree(remembered, ignore_errors=True)
        return True


def status(root: Path) -> Status:
    """What the server is doing, without starting it."""
    home = find_home(root)
    process_id = server_process(home)
    version = ""
    if process_id is not None:
        try:
            with _superuser(Path(_remembered_socket(home)), _passwords(home)) as connection:
                version = str(connection.execute("SHOW server_version").fetchall()[0][0])
        except psycopg.Error:
            version = ""
    return Status(process_id is not None, process_id, home.data, version)


def shell(root: Path, arguments: list[str] | None = None) -> int:
    """Open psql on the database as its owner; starts the server if need be."""
    connections = ensure_running(root)
    database = django_database(connections.owner_url)
    psql = find_home(root).binaries / "psql"
    environment = os.environ | {
        "PGPASSWORD": database["PASSWORD"],
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
        "PGUSER": database["USER"],
        "PGDATABASE": database["NAME"],
    }
    return subprocess.run([str(psql), *(arguments or [])], env=environment, check=False).returncode


def _create(home: Home, password: str) -> None:
    """Make a new data directory, whole or not at all."""
    free = shutil.disk_usage(home.cluster).free
    if free < FREE_BYTES:
        raise _full_disk(home.cluster)
    partial, password_file = home.cluster / "data.new", home.cluster / "password"
    shutil.rmtree(partial, ignore_errors=True)
    _write_private(password_file, password + "\n")
    home.give(password_file)
    try:
        command = [str(home.binaries / "initdb"), "-D", str(partial), "-U", SUPERUSER, "-A", "scram-sha-256"]
        command += [f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"]
        command += ["--data-checksums"]
        if _version(home) >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = subprocess.run(command, capture_output=True, text=True, check=False, **home.as_user())
    finally:
        password_file.unlink(missing_ok=True)
    if made.returncode:
        if "No space left" in made.stderr:
            raise _full_disk(home.cluster)
        reason = (made.stderr.strip().splitlines() or ["?"])[-1]
        raise CommandError(f"无法建立数据库：{reason}", f"The database could not be created: {reason}")
    shutil.rmtree(home.data, ignore_errors=True)  # without PG_VERSION it holds nothing
    partial.rename(home.data)


def _version(home: Home) -> int:
    """The server's major version."""
    command = [str(home.binaries / "postgres"), "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, **home.as_user()).stdout
    return int(told.split()[2].split(".")[0]) if told else 0


def _start(home: Home, passwords: dict[str, str]) -> Path:
    """Start the server in a session of its own and wait until it answers."""
    socket = socket_folder(home, _remembered_socket(home))
    _remove_stale_locks(home, socket)
    _write_private(home.state / "socket", str(socket))
    command = [str(home.binaries / "postgres"), "-D", str(home.data), "-p", str(PORT)]
    for name, value in (_tuning() | {"unix_socket_directories": str(socket)}).items():
        command += ["-c", f"{name}={value}"]
    process = _launch(home, command)
    last_error = ""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            if "is still in use" not in _log_text(home):
                raise _start_failure(home)
            time.sleep(0.2)  # the last sessions of a killed server are still ending
            process = _launch(home, command)
        try:
            _superuser(socket, passwords).close()
            return socket
        except psycopg.errors.InvalidPassword as error:
            process.terminate()
            raise CommandError(
                "数据库的口令与 .shanzhi/secrets.json 不符。",
                "The database's password differs from the one in .shanzhi/secrets.json.",
            ) from error
        except psycopg.OperationalError as error:
            last_error = str(error)
            time.sleep(0.05)
    process.terminate()
    raise CommandError(
        f"数据库在 {START_SECONDS:.0f} 秒内没有就绪：{last_error}",
        f"The database was not ready within {START_SECONDS:.0f} seconds: {last_error}",
    )


def _launch(home: Home, command: list[str]) -> subprocess.Popen[bytes]:
    with open(home.log, "wb") as log:
        os.chmod(home.log, 0o600)
        files: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        return subprocess.Popen(command, start_new_session=True, **files, **home.as_user())


def _adopt(home: Home, passwords: dict[str, str]) -> Path | None:
    """The socket folder of a server already running on our data (left by a killed parent), or None."""
    process_id = server_process(home)
    if process_id is None:
        return None
    end = time.monotonic() + START_SECONDS
    while True:  # it may still be starting, or recovering after a crash
        lines = _lock_lines(home)
        folder = Path(lines[4]) if len(lines) > 4 else Path()
        try:
            with _superuser(folder, passwords) as connection:
                found = connection.execute("SHOW data_directory").fetchall()[0][0]
            if str(found) == str(home.data):
                return folder
        except psycopg.OperationalError:
            pass
        if server_process(home) is None:
            return None
        if time.monotonic() > end or (folder.name and not folder.exists()):
            # Its socket is gone (a temporary folder was cleaned): nothing can reach it, so start it again.
            _signal(process_id, signal.SIGINT)
            if not _gone(home, process_id, 30):
                raise CommandError(
                    f"数据库进程 {process_id} 还在但不应答，请先结束它。",
                    f"The database process {process_id} is there but does not answer: end it first.",
                )
            return None
        time.sleep(0.1)


def _set_up_roles(socket: Path, passwords: dict[str, str]) -> None:
    """Owner, app and auditor with their passwords, and the database; a second call changes nothing."""
    with _superuser(socket, passwords) as connection:
        there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            if role not in there:
                options = sql.SQL("LOGIN CREATEDB" if role == "shanzhi_owner" else "LOGIN")
                secret = sql.Literal(passwords[role])
                statement = sql.SQL("CREATE ROLE {} {} PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(role), options, secret))
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if row is None:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER shanzhi_owner TEMPLATE template0")
            connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO shanzhi_app, shanzhi_auditor")
    with _superuser(socket, passwords, DATABASE) as connection:
        for granted in ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES"):
            connection.execute(
                f"ALTER DEFAULT PRIVILEGES FOR ROLE shanzhi_owner GRANT {granted} TO shanzhi_app"
            )


def _superuser(
    socket: Path, passwords: dict[str, str], database: str = "postgres"
) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=str(socket),
        port=PORT,
        user=SUPERUSER,
        password=passwords[SUPERUSER],
        dbname=database,
        connect_timeout=5,
        autocommit=True,
    )


def server_process(home: Home) -> int | None:
    """The process id in the data directory's lock file, if it is a live PostgreSQL of ours."""
    lines = _lock_lines(home)
    if not lines or not lines[0].strip().isdigit():
        return None
    process_id = int(lines[0])
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    command, state = _describe(process_id)
    return process_id if state != "Z" and "postgres" in command and str(home.data) in command else None


def _describe(process_id: int) -> tuple[str, str]:
    """Command line and state letter of a process."""
    place = Path("/proc") / str(process_id)
    if place.exists():
        try:
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            return command, (place / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
        except OSError:
            return "", "Z"
    listed = subprocess.run(
        ["ps", "-o", "state=,command=", "-p", str(process_id)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return listed, listed[:1] or "Z"


def _remove_stale_locks(home: Home, socket: Path) -> None:
    """Take away the locks of a server that is gone (also when another program has its number now)."""
    if server_process(home) is None:
        (home.data / "postmaster.pid").unlink(missing_ok=True)
        for left in socket.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)


def _lock_lines(home: Home) -> list[str]:
    try:
        return (home.data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _gone(home: Home, process_id: int, wait_seconds: float) -> bool:
    end = time.monotonic() + wait_seconds
    while time.monotonic() < end:
        try:
            os.waitpid(process_id, os.WNOHANG)
        except ChildProcessError:
            pass
        if server_process(home) is None and _describe(process_id)[1] == "Z":
            return True
        time.sleep(0.05)
    return False


def _signal(process_id: int, number: signal.Signals) -> None:
    try:
        os.kill(process_id, number)
    except ProcessLookupError:
        pass


def _tuning() -> dict[str, str]:
    """Server settings for this machine's memory; durability is left whole."""
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        "listen_addresses": "",
        "max_connections": "200",
        "shared_buffers": f"{min(max(megabytes // 5, 128), 8192)}MB",
        "effective_cache_size": f"{max(megabytes * 3 // 5, 256)}MB",
        "maintenance_work_mem": f"{min(max(megabytes // 32, 64), 1024)}MB",
        "work_mem": f"{min(max(megabytes // 1000, 4), 64)}MB",
        "max_wal_size": "2GB",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "fsync": "on",
        "full_page_writes": "on",
        "password_encryption": "scram-sha-256",
        "unix_socket_permissions": "0700",
        "restart_after_crash": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }


def _passwords(home: Home) -> dict[str, str]:
    place = home.state / "secrets.json"
    if place.exists():
        found: dict[str, str] = json.loads(place.read_text("utf-8"))
        return found
    made = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}
    _write_private(place, json.dumps(made, indent=2) + "\n")
    return made


def _remembered_socket(home: Home) -> str:
    try:
        return (home.state / "socket").read_text("utf-8").strip()
    except OSError:
        return ""


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    partial = path.with_name(path.name + ".new")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)


@contextmanager
def _locked(home: Home) -> Iterator[None]:
    """One starter or stopper at a time; the lock dies with its process, so it is never stale."""
    with open(home.state / "lock", "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _log_text(home: Home) -> str:
    return home.log.read_text("utf-8", "replace") if home.log.exists() else ""


def _start_failure(home: Home) -> CommandError:
    lines = _log_text(home).strip().splitlines()
    if any("No space left" in line for line in lines):
        return _full_disk(home.cluster)
    reason = next((line for line in reversed(lines) if "FATAL" in line), lines[-1] if lines else "?")
    return CommandError(
        f"数据库没有启动：{reason}（详见 {home.log}）",
        f"The database did not start: {reason} (see {home.log})",
    )


def _full_disk(path: Path) -> CommandError:
    return CommandError(
        f"磁盘空间不足：{path} 所在的磁盘已满，请清理后再试。",
        f"The disk that holds {path} is full: make room and try again.",
    )
