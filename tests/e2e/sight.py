"""What a walk sees: windows' sizes, screenshots, the city's calendar, what the API answers a person."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
WALL = {"width": 1920, "height": 1080}
SOON = 30_000  # milliseconds: what phones say is folded each second, rolled up after it


def keep(one: Any, pictures: Path | None, name: str) -> None:
    """A screenshot, when somebody wants it; nothing may stick out of the window."""
    assert one.overflow() <= 0, name
    if pictures:
        one.page.wait_for_timeout(400)  # what slides in has stopped
        one.page.screenshot(path=pictures / f"{name}.png", style=".el-message { display: none }")


def today(ahead: int = 0) -> str:
    """A day of the calendar of the city, whatever this machine's clock on the wall shows."""
    zone = ZoneInfo(os.environ.get("SHANZHI_TIME_ZONE", "Asia/Shanghai"))
    return (datetime.now(zone) + timedelta(days=ahead)).date().isoformat()


def read(person: Any, path: str) -> Any:
    """What the API answers."""
    answer = person.context.request.get(path)
    assert answer.ok, f"{path}: {answer.status} {answer.text()}"
    return answer.json()


def place(person: Any, code: str) -> dict[str, Any]:
    """The place of a code."""
    return next(dict(one) for one in read(person, f"/api/places?q={code}") if one["code"] == code)
