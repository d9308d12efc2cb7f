"""A real service on a database of its own, and a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.e2e.backstage import Backstage

ROOT = Path(__file__).resolve().parents[2]
NAME = "shanzhi_e2e"
PASSWORD = "Shanzhi-2026"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _url(url: str, name: str) -> str:
    head, _, options = url.partition("?")
    base = head.rsplit("/", 1)[0]
    return f"{base}/{name}" + (f"?{options}" if options else "")


@pytest.fixture(scope="session")
def ports() -> tuple[int, int]:
    """The port of the service and the one of live updates."""
    return _free_port(), _free_port()


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the service is started with."""
    return os.environ | {
        "DATABASE_URL": _url(os.environ["DATABASE_URL"], NAME),
        "SHANZHI_ROOT": str(tmp_path_factory.mktemp("served")),
        "SHANZHI_FRONTEND": str(ROOT / "frontend" / "dist"),
        "SHANZHI_PACKS": str(ROOT / "packs"),
        "PYTHONPATH": str(ROOT / "src"),
    }


@pytest.fixture(scope="session")
def service(environment: dict[str, str], ports: tuple[int, int]) -> Iterator[str]:
    """`shanzhi serve` with the demo city, as `make run` starts it; its address."""
    if not (ROOT / "frontend" / "dist" / "index.html").exists():
        pytest.skip("the front end is not built")
    owner = os.environ["DATABASE_URL"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
    state, (port, push) = Path(environment["SHANZHI_ROOT"]), ports
    command = [sys.executable, "-m", "shanzhi.edge.cli.main", "serve"]
    command += ["--port", str(port), "--push-port", str(push), "--intake-port", str(_free_port())]
    log = state / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        try:
            _wait(f"http://127.0.0.1:{port}/api/kinds", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)
            with psycopg.connect(owner, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 240  # the demo city is made first, on a machine that may be busy
    while time.monotonic() < end:
        try:
            with urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.2)
        if process.poll() is not None:
            break
    raise RuntimeError(f"the service did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium: install the package chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
            ],
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def backstage(environment: dict[str, str], service: str) -> Iterator[Backstage]:
    """What no window can do."""
    opened = Backstage(environment)
    yield opened
    opened.close()


class Person:
    """Somebody who works through the API: sets up what a test begins with, as in real work."""

    def __init__(self, browser: Browser, address: str, username: str = "") -> None:
        self.context = browser.new_context(base_url=address)
        self.context.request.get("/api/me")
        if username:
            self.send("/api/session", {"username": username, "password": PASSWORD})

    def send(self, path: str, data: dict[str, Any]) -> Any:
        """Post, and read what comes back."""
        token = next((c["value"] for c in self.context.cookies() if c["name"] == "csrftoken"), "")
        answer = self.context.request.post(path, data=data, headers={"X-CSRFToken": token})
        assert answer.ok, f"{path}: {answer.status} {answer.text()}"
        return answer.json() if answer.body() else None

    def report(self, kind: str, text: str, lon: float, lat: float, address: str = "") -> dict[str, Any]:
        """A report; what comes back names the case."""
        found = {"id": str(uuid4()), "kind": kind, "text": text, "address": address, "lon": lon, "lat": lat}
        return dict(self.send("/api/reports", found))

    def case(self, receipt: dict[str, Any]) -> dict[str, Any]:
        """The case as this person sees it."""
        answer = self.context.request.get(f"/api/cases/{receipt['area']}/{receipt['id']}")
        assert answer.ok, answer.text()
        return dict(answer.json())

    def act(self, receipt: dict[str, Any], verb: str, **given: Any) -> dict[str, Any]:
        """One verb; condition and unit are those that the case offers, unless given."""
        case = self.case(receipt)
        if verb in ("file", "ask_return"):
            given.setdefault("condition_id", case["conditions"][-1]["id"])
        if verb == "dispatch":
            given.setdefault("unit_id", case["suggestion"]["unit_id"])
        path = f"/api/cases/{receipt['area']}/{receipt['id']}/actions/{verb}"
        return dict(self.send(path, {"version": case["version"], **given}))


class Team(dict[str, Person]):
    """The people of the demo city, each signed in at the first need; "" is a resident."""

    _WHO = {
        "accept": "shouli", "file": "zhibanzhang", "dispatch": "paiqian", "sign": "chuzhi", "handle": "chuzhi",
        "feed_back": "chuzhi", "inspect": "wangge", "close": "zhibanzhang",
    }  # fmt: skip

    def __init__(self, browser: Browser, address: str) -> None:
        super().__init__()
        self.browser, self.address = browser, address

    def __missing__(self, username: str) -> Person:
        self[username] = Person(self.browser, self.address, username)
        return self[username]

    def walk(self, receipt: dict[str, Any], *verbs: str) -> None:
        """The straight road, as far as it is named."""
        for verb in verbs:
            note = {"note": "已处理好。"} if verb in ("handle", "feed_back") else {}
            self[self._WHO[verb]].act(receipt, verb, **note)


@pytest.fixture(scope="session")
def team(browser: Browser, service: str) -> Iterator[Team]:
    """People who work through the API."""
    made = Team(browser, service)
    yield made
    for one in made.values():
        one.context.close()


class Window:
    """A window of one person; its errors fail the test."""

    def __init__(self, browser: Browser, address: str, size: dict[str, int], **options: Any) -> None:
        self.context = browser.new_context(viewport=size, locale="zh-CN", base_url=address, **options)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def get(self, name: str) -> Any:
        """An element by its `data-test` name."""
        return self.page.locator(f'[data-test="{name}"]')

    def sign_in(self, username: str) -> Window:
        """The desk of one person."""
        self.page.goto("/")
        self.get("login-username").fill(username)
        self.get("login-password").fill(PASSWORD)
        self.get("login-submit").click()
        expect(self.get("user-name")).to_be_visible()
        # The name is shown before the first page is: whoever goes on sooner would be taken back to it.
        self.page.wait_for_url(lambda url: "#/login" not in url)
        return self

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def close(self) -> None:
        """Close; nothing may have gone wrong."""
        self.context.close()
        assert self.errors == []


@pytest.fixture
def window(browser: Browser, service: str, pictures: Path | None) -> Iterator[Any]:
    """Opens windows: `window(DESK)` or `window(PHONE)`; with pictures wanted, each is kept as it was at the end."""
    opened: list[Window] = []

    def make(size: dict[str, int], **options: Any) -> Window:
        opened.append(Window(browser, service, size, **options))
        return opened[-1]

    yield make
    for number, one in enumerate(opened):
        if pictures:
            print(number, one.page.url, one.errors)
            one.page.screenshot(path=pictures / f"end-{number}.png")
        one.close()


@pytest.fixture
def pictures() -> Path | None:
    """Where to put screenshots, when somebody wants them (SHANZHI_PICTURES)."""
    wanted = os.environ.get("SHANZHI_PICTURES")
    if not wanted:
        return None
    Path(wanted).mkdir(parents=True, exist_ok=True)
    return Path(wanted)
