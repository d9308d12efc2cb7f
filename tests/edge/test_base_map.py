"""The base map is asked for only where the city has a key of its own."""

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
    assert b"".join(answer.streaming_content).decode() == SHELL
    assert "tianditu" not in policy()


def test_the_shell_in_the_source_has_the_place_for_the_key() -> None:
    source = Path(__file__).resolve().parents[2] / "frontend" / "index.html"
    assert pages._KEY_PLACE in source.read_text("utf-8")
