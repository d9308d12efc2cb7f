"""Make everything the project needs, once: the virtual environment, the packages, the built front end.

Only the standard library. `python tools/bootstrap.py [base|dev]`; a second run looks at stamps and is quick.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = ROOT / "frontend"
REQUIREMENTS = ROOT / "requirements"
NODE_MAJOR = 20
BEGUN = time.monotonic()


class Stopped(Exception):
    """A step could not be done; the message says why in one sentence per language."""


def say(text: str) -> None:
    print(f"[{time.monotonic() - BEGUN:6.1f} s] {text}", flush=True)


def stop(zh: str, en: str) -> Stopped:
    return Stopped(f"{zh}\n{en}")


def run(
    name: str, command: list[str], folder: Path = ROOT, environment: dict[str, str] | None = None
) -> None:
    """Run one tool; its output is shown only when it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise stop(f"找不到工具 {command[0]}。", f"The tool {command[0]} was not found.") from error
    if done.returncode:
        end = "\n".join(done.stdout.strip().splitlines()[-25:])
        if "No space left" in done.stdout or "ENOSPC" in done.stdout:
            raise stop("磁盘已满，请清理后再试。", "The disk is full: make room and try again.")
        raise stop(f"{end}\n步骤失败：{name}", f"This step failed: {name}")


def digest(*paths: Path) -> str:
    made = hashlib.sha256(sys.version.encode())
    for path in paths:
        made.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return made.hexdigest()


def is_fresh(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text("utf-8") == wanted


def make_environment() -> None:
    """The virtual environment, of this Python."""
    stamp = VENV / ".stamp-python"
    wanted = f"{sys.version}\n{ROOT}"
    if is_fresh(stamp, wanted) and PYTHON.exists():
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise stop(
            f"本机的 Python 缺少 ensurepip，请先安装软件包 python{version}-venv（Debian、Ubuntu：apt install "
            f"python{version}-venv）。",
            f"This Python has no ensurepip: install the package python{version}-venv first.",
        )
    say("建立虚拟环境 / making the virtual environment")
    if VENV.exists():
        shutil.rmtree(VENV)
    run("python -m venv", [sys.executable, "-m", "venv", str(VENV)])
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV), "platbase": str(VENV)}))
    (packages / "shanzhi.pth").write_text(f"{ROOT / 'src'}\n", "utf-8")
    script = VENV / "bin" / "shanzhi"
    script.write_text(
        f'#!/bin/sh\nexec "{PYTHON}" -m shanzhi.edge.cli.main "$@"\n',
        "utf-8",
    )
    script.chmod(0o755)
    stamp.write_text(wanted, "utf-8")


def install(names: list[str]) -> None:
    """Python packages, by their locked hashes."""
    wanted = digest(*(REQUIREMENTS / f"{name}.txt" for name in names))
    stamp = VENV / f".stamp-{'-'.join(names)}"
    if is_fresh(stamp, wanted):
        return
    say(f"安装 Python 程序包 / installing Python packages ({', '.join(names)})")
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--no-input"]
    for name in names:
        command += ["-r", str(REQUIREMENTS / f"{name}.txt")]
    run("pip install", command)
    stamp.write_text(wanted, "utf-8")
    say("Python 程序包已就绪 / Python packages are ready")


def node_folder() -> str | None:
    """The folder of a Node that is new enough: the machine's, or the one of the wheel."""
    for folder in (None, str(VENV / "bin")):
        node = shutil.which("node", path=folder)
        if node is None or shutil.which("npm", path=str(Path(node).parent)) is None:
            continue
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.match(r"v(\d+)\.", told)
        if found and int(found.group(1)) >= NODE_MAJOR:
            return str(Path(node).parent)
    return None


def front_end_sources() -> list[Path]:
    skipped = {"node_modules", "dist", "test-results", "coverage"}
    found = []
    for folder, folders, files in os.walk(FRONTEND):
        folders[:] = sorted(name for name in folders if name not in skipped)
        found += [Path(folder) / file for file in sorted(files) if not file.endswith(".tsbuildinfo")]
    return found


def build_frontend() -> None:
    """The browser's half: packages by their lock file, then the build."""
    lock = FRONTEND / "package-lock.json"
    if not lock.exists():
        return
    modules_stamp, wanted_modules = FRONTEND / "node_modules" / ".stamp", digest(lock)
    sources = front_end_sources()
    dist_stamp, wanted_dist = FRONTEND / "dist" / ".stamp", digest(*sources)
    modules_fresh, dist_fresh = is_fresh(modules_stamp, wanted_modules), is_fresh(dist_stamp, wanted_dist)
    if modules_fresh and dist_fresh:
        return
    folder = node_folder()
    if folder is None:
        say("本机没有 Node 20，使用程序包中的 Node / no Node 20 here: using the one of a package")
        install(["node"])
        folder = node_folder()
    if folder is None:
        raise stop(f"需要 Node {NODE_MAJOR} 或更新版本。", f"Node {NODE_MAJOR} or newer is needed.")
    environment = {"PATH": folder + os.pathsep + os.environ.get("PATH", ""), "CI": "1"}
    npm = str(Path(folder) / "npm")
    if not modules_fresh:
        say("安装前端程序包 / installing front-end packages")
        command = [npm, "ci", "--no-audit", "--no-fund", "--include=dev"]
        run("npm ci", command, FRONTEND, environment)
        modules_stamp.parent.mkdir(exist_ok=True)
        modules_stamp.write_text(wanted_modules, "utf-8")
    say("构建前端 / building the front end")
    run("npm run build", [npm, "run", "build"], FRONTEND, environment)
    dist_stamp.parent.mkdir(exist_ok=True)
    dist_stamp.write_text(wanted_dist, "utf-8")
    say("前端已就绪 / the front end is ready")


def side_by_side(names: list[str]) -> None:
    """pip and npm at the same time, unless npm has to wait for the Node that pip brings."""
    failures: list[BaseException] = []

    def attempt() -> None:
        try:
            build_frontend()
        except BaseException as error:
            failures.append(error)

    builder = threading.Thread(target=attempt)
    builder.start()
    try:
        install(names)
        if "dev" in names:
            compile_kernels()
    finally:
        builder.join()
    if failures:
        raise failures[0]


def compile_kernels() -> None:
    """Tests do not wait for the compiler of the planning kernels, each process anew; a service compiles by itself."""
    sources = sorted((ROOT / "src" / "shanzhi" / "core" / "planning").glob("*.py"))
    stamp, wanted = VENV / ".stamp-kernels", digest(*sources)
    if is_fresh(stamp, wanted):
        return
    say("编译规划算法 / compiling the planning kernels")
    environment = {"PYTHONPATH": str(ROOT / "src")}
    run("warm", [str(PYTHON), "-m", "shanzhi.core.planning.warm"], ROOT, environment)
    stamp.write_text(wanted, "utf-8")


def main() -> int:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        print("需要 Python 3.11–3.13。 / Python 3.11-3.13 is needed.", file=sys.stderr)
        return 1
    names = ["base", "dev"] if sys.argv[1:] == ["dev"] else ["base"]
    try:
        make_environment()
        if names == ["base"] and is_fresh(
            VENV / ".stamp-base-dev", digest(REQUIREMENTS / "base.txt", REQUIREMENTS / "dev.txt")
        ):
            build_frontend()
        else:
            side_by_side(names)
    except Stopped as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno == 28:
            print("磁盘已满，请清理后再试。\nThe disk is full: make room and try again.", file=sys.stderr)
            return 1
        raise
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
