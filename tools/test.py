"""`make test`: every layer, its time beside its budget, and one closing line with the counts.

`python tools/test.py [all|unit|static|core|second|frontend|browser|long]`. DATABASE_URL names another server
than the embedded one; TEST_DATABASE_URL a server for the second run of the database tests. With
SHANZHI_NOTHING_SKIPPED=1 a test or layer that is skipped counts as failed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from shanzhi.edge.cli import postgres  # noqa: E402
from shanzhi.edge.cli.home import UNPRIVILEGED_USERS, Home  # noqa: E402
from shanzhi.edge.cli.sentences import CommandError  # noqa: E402

BIN = Path(sys.executable).parent
STRICT = os.environ.get("SHANZHI_NOTHING_SKIPPED") == "1"
# Two lanes run side by side, a core each; what is in neither comes last. Each layer has a database of its own.
LANES = [["unit", "core"], ["static", "second", "frontend", "browser"]]
# On a slow machine of two cores, at its best: together ten minutes a lane.
BUDGET_SECONDS = {
    "unit": 445,
    "static": 30,
    "core": 150,
    "second": 215,
    "frontend": 60,
    "browser": 290,
    "long": 3600,
}


@dataclass
class Count:
    """What a layer found."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, other: Count) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def skip(self, why: str) -> Count:
        self.notes.append(why)
        self.skipped += 1
        return self


# Where a layer that runs beside another writes; it is shown when it is done.
_BESIDE = threading.local()


def say(text: str) -> None:
    print(text, file=getattr(_BESIDE, "output", None), flush=True)


def call(command: list[str], folder: Path = ROOT, environment: dict[str, str] | None = None) -> int:
    say("$ " + " ".join(command))
    output = getattr(_BESIDE, "output", None)
    done = subprocess.run(
        command, cwd=folder, env=os.environ | (environment or {}), stdout=output, stderr=output, check=False
    )
    return done.returncode


def check(name: str, command: list[str], environment: dict[str, str] | None = None) -> Count:
    """One tool as one test."""
    code = call(command, environment=environment)
    say(f"  {name}: {'ok' if code == 0 else 'FAILED'}")
    return Count(passed=int(code == 0), failed=int(code != 0))


def pytest(arguments: list[str], url: str) -> Count:
    """Run pytest and count by its own report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", f"--junitxml={report}", *arguments]
        code = call(command, environment={"DATABASE_URL": url})
        if not report.exists():
            return Count(failed=1)
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total, failed, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "skipped")
    )
    failed += sum(int(suite.get("errors", 0)) for suite in suites)
    if code not in (0, 1, 5) or (code == 1 and not failed):
        failed += 1
    return Count(max(total - failed - skipped, 0), failed, skipped)


def static(url: str) -> Count:
    count = Count()
    count.add(check("ruff", [str(BIN / "ruff"), "check", "."]))
    strict = ["src/shanzhi/core", "src/shanzhi/edge/cli/postgres.py", "src/shanzhi/edge/cli/home.py"]
    for name in ("actions", "queries"):
        for found in sorted((ROOT / "src").rglob(f"{name}*")):
            if found.suffix == ".py" or (found.is_dir() and found.name == name):
                strict.append(str(found.relative_to(ROOT)))
    present = [path for path in strict if any((ROOT / path).rglob("*.py")) or (ROOT / path).is_file()]
    count.add(check("mypy", [str(BIN / "mypy"), *present]))
    count.add(check("floors", [str(BIN / "lint-imports"), "--no-cache"]))
    migrations = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    count.add(check("migrations", migrations, {"DATABASE_URL": url}))
    return count


def unit(url: str) -> Count:
    return pytest(["tests", *(f"--ignore=tests/{name}" for name in ("e2e", "core", "scenarios"))], url)


def core(url: str) -> Count:
    return pytest(["tests/core"], url)


def beside(url: str, name: str) -> str:
    """Another database of the server: tests at the same time do not meet."""
    head, mark, options = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}{mark}{options}"


def second_server(url: str) -> Count:
    """Scenarios, and what touches SQL: a verb that is refused tells nothing new on another server."""
    ignored = ["--ignore=tests/e2e", "--ignore=tests/core"]
    return pytest(["tests", *ignored, "-m", "not long and not once", "-k", "scenarios or not refused"], url)


def older_binaries() -> Path | None:
    """The bin folder of the machine's own PostgreSQL: version 15 if it is there, else the nearest above."""
    found = {
        int(path.parent.parent.name): path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")
        if path.parent.parent.name.isdigit() and int(path.parent.parent.name) >= 15
    }
    return found[min(found)] if found else None


@contextmanager
def older_server(binaries: Path) -> Iterator[str]:
    """A cluster of our own on the machine's PostgreSQL, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="shanzhi-cluster-") as folder:
        state = Path(folder)
        cluster = state / "postgres"
        cluster.mkdir(mode=0o700)
        user = None
        if os.geteuid() == 0:
            known = {entry.pw_name: entry for entry in pwd.getpwall()}
            user = next(known[name] for name in ("postgres", *UNPRIVILEGED_USERS) if name in known)
            state.chmod(0o711)
        home = Home(state, cluster, binaries, user and user.pw_uid, user and user.pw_gid)
        home.give(cluster)
        try:
            yield postgres.start_at(home).owner_url
        finally:
            postgres.stop_at(home)


def second(url: str) -> Count:
    """The scenarios on the machine's own, older server, and the SQL of all modules there as well."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        return second_server(given)
    binaries = older_binaries()
    if binaries is None:
        count = pytest(["tests/scenarios"], beside(url, "shanzhi_scenarios"))
        return count.skip(
            "no PostgreSQL of the machine's own and no TEST_DATABASE_URL: scenarios on the first server"
        )
    say(f"PostgreSQL of {binaries.parent}")
    with older_server(binaries) as older:
        return second_server(older)


def frontend(_: str) -> Count:
    folder = ROOT / "frontend"
    if not (folder / "package.json").exists():
        return Count().skip("no front end")
    scripts = json.loads((folder / "package.json").read_text("utf-8")).get("scripts", {})
    count = Count()
    path = {"PATH": os.environ.get("PATH", "") + os.pathsep + str(BIN), "CI": "1"}
    for name in ("lint", "typecheck"):
        if name in scripts:
            code = call(["npm", "run", "--silent", name], folder, path)
            count.add(Count(passed=int(code == 0), failed=int(code != 0)))
    if "vitest" not in scripts.get("test", ""):
        if "test" in scripts:
            code = call(["npm", "run", "--silent", "test"], folder, path)
            count.add(Count(passed=int(code == 0), failed=int(code != 0)))
        return count
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.json"
        code = call(
            ["npx", "--no-install", "vitest", "run", "--reporter=default", "--reporter=json"]
            + [f"--outputFile.json={report}"],
            folder,
            path,
        )
        told = json.loads(report.read_text("utf-8")) if report.exists() else {}
    failed = int(told.get("numFailedTests", 0))
    failed += int(code != 0 and not failed)
    skipped = int(told.get("numPendingTests", 0)) + int(told.get("numTodoTests", 0))
    count.add(Count(int(told.get("numPassedTests", 0)), failed, skipped))
    return count


def browser(url: str) -> Count:
    if not (ROOT / "tests" / "e2e").exists():
        return Count().skip("no browser tests")
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return Count().skip("no Chromium: install the package chromium")
    return pytest(["tests/e2e"], url)


def long(url: str) -> Count:
    many = ["--hypothesis-profile=many", "-m", "long or hypothesis"]
    return pytest(["tests", "--ignore=tests/e2e", *many], url)


LAYERS: dict[str, Callable[[str], Count]] = {
    "unit": unit,
    "static": static,
    "core": core,
    "second": second,
    "frontend": frontend,
    "browser": browser,
    "long": long,
}


def measured(name: str, url: str) -> tuple[Count, float]:
    """One layer, and how long it took."""
    say(f"\n=== {name}")
    begun = time.monotonic()
    try:
        count = LAYERS[name](url)
    except CommandError as error:
        say(str(error))
        count = Count(failed=1)
    except Exception as error:  # in a thread of its own nobody else would hear of it
        say(f"{type(error).__name__}: {error}")
        count = Count(failed=1)
    if STRICT and count.skipped:
        count.failed += count.skipped
    return count, time.monotonic() - begun


Found = dict[str, tuple[Count, float]]


class Lane(threading.Thread):
    """Layers one after another, beside another lane; what they say is shown when all are done."""

    def __init__(self, names: list[str], url: str) -> None:
        super().__init__()
        self.names, self.url = names, url
        self.found: Found = {}
        self.output = tempfile.TemporaryFile("w+", encoding="utf-8")

    def run(self) -> None:
        _BESIDE.output = self.output
        self.found = {name: measured(name, self.url) for name in self.names}

    def wait(self) -> Found:
        self.join()
        self.output.seek(0)
        print(self.output.read(), end="", flush=True)
        return self.found


def run(names: list[str], url: str) -> int:
    found: Found = {}
    here, *beside = [[name for name in lane if name in names] for lane in LANES]
    lanes = [Lane(lane, url) for lane in beside]
    for lane in lanes:
        lane.start()
    found |= {name: measured(name, url) for name in here}
    for lane in lanes:
        found |= lane.wait()
    found |= {name: measured(name, url) for name in names if name not in found}
    total, table = Count(), []
    for name, (count, spent) in found.items():
        total.add(count)
        notes = "; ".join(count.notes)
        late = " OVER BUDGET" if spent > BUDGET_SECONDS[name] else ""
        table.append(
            f"{name:<11} {spent:6.1f} s of {BUDGET_SECONDS[name]:>4} s{late}  {count.passed} passed, "
            f"{count.failed} failed, {count.skipped} skipped  {notes}".rstrip()
        )
    print("\n" + "\n".join(table))
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed or not total.passed else 0


def main() -> int:
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    names = [name for name in LAYERS if name != "long"] if wanted == "all" else [wanted]
    if wanted not in (*LAYERS, "all") or importlib.util.find_spec("pytest") is None:
        print(__doc__)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    os.environ.setdefault("SHANZHI_ROOT", str(ROOT))
    if url := os.environ.get("DATABASE_URL"):
        return run(names, url)
    was_running = postgres.is_alive(ROOT)
    try:
        return run(names, postgres.ensure_running(ROOT).owner_url)
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if not was_running:
            postgres.stop(ROOT)


if __name__ == "__main__":
    sys.exit(main())
