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

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NAME = "shanzhi_e2e"
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _url(url: str, name: str) -> str:
    head, _, options = url.partition("?")
    base = head.rsplit("/", 1)[0]
    return f"{base}/{name}" + (f"?{options}" if options else "")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`shanzhi serve` with the demo city, as `make run` starts it; its address."""
    if not (ROOT / "frontend" / "dist" / "index.html").exists():
        pytest.skip("the front end is not built")
    owner = os.environ["DATABASE_URL"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
    state, port, push = tmp_path_factory.mktemp("served"), _free_port(), _free_port()
    environment = os.environ | {
        "DATABASE_URL": _url(owner, NAME),
        "SHANZHI_ROOT": str(state),
        "SHANZHI_FRONTEND": str(ROOT / "frontend" / "dist"),
        "SHANZHI_PACKS": str(ROOT / "packs"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    command = [sys.executable, "-m", "shanzhi.edge.cli.main", "serve"]
    command += ["--port", str(port), "--push-port", str(push)]
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
    end = time.monotonic() + 90
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

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def close(self) -> None:
        """Close; nothing may have gone wrong."""
        self.context.close()
        assert self.errors == []


@pytest.fixture
def window(browser: Browser, service: str) -> Iterator[Any]:
    """Opens windows: `window(DESK)` or `window(PHONE)`."""
    opened: list[Window] = []

    def make(size: dict[str, int], **options: Any) -> Window:
        opened.append(Window(browser, service, size, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def pictures() -> Path | None:
    """Where to put screenshots, when somebody wants them (SHANZHI_PICTURES)."""
    wanted = os.environ.get("SHANZHI_PICTURES")
    if not wanted:
        return None
    Path(wanted).mkdir(parents=True, exist_ok=True)
    return Path(wanted)
