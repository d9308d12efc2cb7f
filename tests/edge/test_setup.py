"""A city without the demo, from a table of divisions and two commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from shanzhi.city.people.models import Account, Post
from shanzhi.city.places.models import Place
from shanzhi.edge.cli import main

pytestmark = [pytest.mark.django_db, pytest.mark.once]
ADMIN = ["account", "chen.an", "--name", "陈安", "--post", "system_admin", "--place", "510107"]


def test_a_city_is_set_up_and_its_first_administrator_signs_in(capsys: Any, client: Any) -> None:
    divisions = str(settings.PACKS / "divisions" / "510100.csv")
    assert main.main(["setup", divisions]) == 0
    assert "3330 new, 0 changed" in capsys.readouterr().out
    assert main.main(["setup", divisions]) == 0
    assert "0 new, 0 changed, 3330 as before; 0 filing rules new." in capsys.readouterr().out
    assert main.main(ADMIN) == 0
    told = capsys.readouterr().out
    password = told.splitlines()[0].rsplit(" ", 1)[1]
    answer = client.post(
        "/api/session", {"username": "chen.an", "password": password}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["posts"][0]["place_name"]) == (200, "武侯区")
    unit = ["--post", "unit_handler", "--place", "510107", "--unit", "U1", "--unit-name", "示例单位"]
    assert main.main(["account", "li.he", "--name", "李和", *unit]) == 0
    assert Post.objects.get(account__username="li.he").unit.name == "示例单位"
    capsys.readouterr()
    # A partner's system has a key of its own, printed once.
    assert main.main(["token", "li.he", "--device", "示例系统"]) == 0
    [token] = capsys.readouterr().out.split()
    seen = Client().get("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert (seen.status_code, seen.json()["name"]) == (200, "李和")
    assert main.main(["token", "nobody", "--device", "示例系统"]) == 1
    assert capsys.readouterr().err.startswith("没有账号 nobody。")


@pytest.mark.parametrize(
    "changes",
    [{"--place": "999999"}, {"--post": "mayor"}, {"--post": "unit_handler"}],
    ids=["place", "post", "unit"],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_made(changes: dict[str, str], capsys: Any) -> None:
    assert main.main(["setup", str(settings.PACKS / "divisions" / "510100.csv")]) == 0
    command = [changes.get(ADMIN[index - 1], word) for index, word in enumerate(ADMIN)]
    assert main.main(command) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
    assert Account.objects.count() == 0


def test_a_table_with_errors_writes_nothing(tmp_path: Path, capsys: Any) -> None:
    table = tmp_path / "divisions.csv"
    table.write_text("代码,名称,级别,上级代码\n12x,坏行,省,\n", "utf-8")
    assert main.main(["setup", str(table)]) == 1
    assert "第 2 行" in capsys.readouterr().out
    assert Place.objects.count() == 0
    assert main.main(["setup", str(tmp_path / "none.csv")]) == 1


@pytest.mark.parametrize("command", [["audit", "verify"], ["setup", "x.csv"]])
def test_a_database_that_is_not_there_is_one_sentence(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("代码,名称\n510000,四川省\n", "utf-8")
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://nobody@/none?host={tmp_path}", "SHANZHI_ROOT": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "shanzhi.edge.cli.main", *command], env=environment, cwd=tmp_path, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "数据库没有应答" in done.stderr and "Traceback" not in done.stderr
