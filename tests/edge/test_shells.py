"""What the front end's shells say of the city: the key of its base map, its time zone."""

from pathlib import Path
from typing import Any

from django.test import RequestFactory

from shanzhi.edge.api import pages
from shanzhi.edge.api.headers import SecurityHeaders

SHELL = '<meta name="shanzhi-tianditu" content="" /><div id="app"></div>'


def policy() -> str:
    return SecurityHeaders(lambda request: pages.not_found(request)).policy


def test_the_key_reaches_the_page_and_its_servers_the_policy(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(SHELL, "utf-8")
    settings.FRONTEND = tmp_path
    settings.SHANZHI_TIANDITU_KEY = 'made-up"key'
    answer = pages.desk(RequestFactory().get("/"))
    assert b'content="made-up&quot;key"' in answer.content
    assert "https://t3.tianditu.gov.cn" in policy()


def test_without_a_key_nothing_outside_is_allowed(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(SHELL, "utf-8")
    settings.FRONTEND = tmp_path
    settings.SHANZHI_TIANDITU_KEY = ""
    answer = pages.desk(RequestFactory().get("/"))
    assert answer.content.decode() == SHELL
    assert "tianditu" not in policy()


def test_days_are_told_in_the_zone_of_the_city(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "resident.html").write_text(pages._ZONE_PLACE, "utf-8")
    settings.FRONTEND = tmp_path
    settings.TIME_ZONE = "Asia/Urumqi"
    assert b'content="Asia/Urumqi"' in pages.resident(RequestFactory().get("/r/")).content


def test_the_shells_in_the_source_have_the_places() -> None:
    source = Path(__file__).resolve().parents[2] / "frontend"
    assert pages._KEY_PLACE in (source / "index.html").read_text("utf-8")
    for name in ("index.html", "resident.html"):
        assert pages._ZONE_PLACE in (source / name).read_text("utf-8")
