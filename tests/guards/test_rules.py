"""Rules of the house that no reviewer has to remember."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.urls import URLPattern, URLResolver, get_resolver

import shanzhi
from shanzhi.base.access import capabilities
from shanzhi.base.access.api import PUBLIC, SIGNED_IN, ApiController

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "shanzhi"
SNAPSHOT = Path(__file__).with_name("openapi.json")
# Pages without rows behind them: the two shells and their worker, the interface's own description.
OPEN_PAGES = {"desk", "resident", "offline-worker", "openapi", "docs"}
# Held by whoever has the secret of a case, and by the program itself; not by a post.
HELD_WITHOUT_POST = {capabilities.CASE_RATE, capabilities.CASE_FOLLOW_ON}
CHINESE = re.compile("[\u4e00-\u9fff]")


def _routes(patterns: list[Any]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns)
        else:
            yield pattern


def _all_modules() -> None:
    for found in pkgutil.walk_packages(shanzhi.__path__, "shanzhi."):
        if not found.name.startswith(("shanzhi.edge.cli", "shanzhi.edge.wsgi")):
            importlib.import_module(found.name)


def test_every_route_has_a_gate() -> None:
    gates = {}
    for route in _routes(get_resolver().url_patterns):
        view = getattr(route.callback, "view_class", None)
        if route.name in OPEN_PAGES:
            continue
        assert view is not None and issubclass(view, ApiController), route
        gates[route.name] = view.gate
    assert len(gates) >= 18
    assert set(gates.values()) <= capabilities.ALL_CAPABILITIES | {PUBLIC, SIGNED_IN}
    public = {name for name, gate in gates.items() if gate == PUBLIC}
    assert public == {
        "session", "me", "kinds", "where", "reports", "follow", "rate", "media", "media-part", "media-file",
        "public-card", "channel-report", "notices", "notice", "notice-object", "objection-follow", "care",
        "care-check-in", "care-medical", "care-take-back", "care-services", "care-service", "care-fine",
        "care-messages", "care-leave", "care-note", "contact-self", "sampling-slot", "sampling-grid-slots",
    }  # fmt: skip


def test_every_capability_is_granted_and_used_and_labelled() -> None:
    kinds = yaml.safe_load((settings.PACKS / "base" / "posts.yaml").read_text("utf-8"))
    granted = set(re.findall(r"[a-z]+\.[a-z_]+", json.dumps(kinds))) | HELD_WITHOUT_POST
    assert granted >= capabilities.ALL_CAPABILITIES
    assert set(capabilities.LABELS) == capabilities.ALL_CAPABILITIES
    text = "\n".join(
        path.read_text("utf-8") for path in SOURCE.rglob("*.py") if path.name != "capabilities.py"
    )
    constants = [
        name for name in vars(capabilities) if name.isupper() and "." in str(vars(capabilities)[name])
    ]
    assert [name for name in constants if not re.search(rf"\b{name}\b", text)] == []


def test_every_choice_has_a_label_in_both_languages() -> None:
    _all_modules()
    found = 0
    for choices in _subclasses(models.TextChoices):
        if not choices.__module__.startswith("shanzhi."):
            continue
        for member in choices:
            found += 1
            assert CHINESE.search(str(member.label)), member
            assert re.search("[A-Za-z]", str(member.label)), member
    assert found >= 10


def _subclasses(parent: type) -> Iterator[Any]:
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)


def test_every_error_speaks_both_languages() -> None:
    from shanzhi.core.kit.errors import ALL_ERRORS

    _all_modules()
    assert len(ALL_ERRORS) >= 15
    for code, error in ALL_ERRORS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert 400 <= error.status <= 599
        assert CHINESE.search(error.zh) or "{" in error.zh, code
        assert not CHINESE.search(error.en), code
        for sentence in (error.zh, error.en):
            list(Formatter().parse(sentence))


def test_the_interface_is_unchanged_or_its_change_reviewed() -> None:
    """After a wanted change: SHANZHI_UPDATE=1 and look at the difference. It is then checked against the standard."""
    from shanzhi.edge.api.description import schema

    update = os.environ.get("SHANZHI_UPDATE") == "1"
    found = schema().convert(skip_validation=not update)
    now = json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n"
    if update:
        SNAPSHOT.write_text(now, "utf-8")
    assert json.loads(now) == json.loads(SNAPSHOT.read_text("utf-8"))
    assert json.loads(now)["openapi"].startswith("3.1")


@pytest.mark.long
def test_the_interface_keeps_to_the_standard() -> None:
    from openapi_spec_validator import validate

    validate(json.loads(SNAPSHOT.read_text("utf-8")))


def test_each_application_has_one_migration_head() -> None:
    loader = MigrationLoader(None)
    for config in apps.get_app_configs():
        if config.name.startswith("shanzhi.") and config.models_module:
            assert len(loader.graph.leaf_nodes(config.label)) == 1, config.label


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in [*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
        if path.parent.name != "migrations"  # they are made, not written
        and (lines := len(path.read_text("utf-8").splitlines())) > 450
    }
    assert long == {}


@pytest.mark.parametrize("word", ["registry.", "http" + "s://pypi", "/wor" + "k/", "npmjs"])
def test_no_registry_and_no_machine_path_is_named(word: str) -> None:
    skipped = {
        ".git",
        ".venv",
        ".shanzhi",
        "node_modules",
        "dist",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
    }
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in skipped and not name.startswith(".")]
        for name in files:
            path = Path(folder) / name
            if name == ".git":  # a file in a worktree of its own
                continue
            if path.suffix in {".png", ".jpg"} or path == Path(__file__):
                continue
            if word in path.read_text("utf-8", errors="ignore"):
                found.append(str(path.relative_to(ROOT)))
    assert found == []
