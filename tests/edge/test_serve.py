"""`shanzhi serve`: one clear sentence for each thing a person can put right."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from shanzhi.edge.cli import main, serve
from shanzhi.edge.cli.sentences import CommandError

pytestmark = pytest.mark.once


def _serve(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shanzhi.edge.cli.main", "serve", *arguments]
    environment = {**os.environ, "SHANZHI_ROOT": str(root)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = _serve(tmp_path, "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == (
        f"端口 {port} 已被其他程序占用；请先停止它，或用 --port 换一个。\n"
        f"Port {port} is taken by another program: stop that one, or choose another with --port.\n"
    )


def test_a_second_service_of_the_same_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".shanzhi").mkdir()
    with open(tmp_path / ".shanzhi" / "serve.lock", "a", encoding="utf-8") as lock:
        serve._only_one(lock.fileno())
        done = _serve(tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "本目录的服务已在运行，请先停止它。",
        "The service of this folder is already running: stop it first.",
    ]


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 0))
    with pytest.raises(CommandError) as refused:
        serve._enough_room(tmp_path)
    assert refused.value.en == f"The disk that holds {tmp_path} is full: make room and try again."


def test_an_unreachable_database_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHANZHI_ROOT", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    with socket.create_server(("127.0.0.1", 0)) as spare:
        free = spare.getsockname()[1]
    assert main.main(["serve", "--port", str(free)]) == 1
    shown = capsys.readouterr().err
    assert "The database named by DATABASE_URL does not answer" in shown
    assert "Traceback" not in shown
