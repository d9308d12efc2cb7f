"""Setting up a city without the demo (建城): post kinds, kinds of matter, divisions, and people in their posts."""

import argparse
import getpass
import secrets
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shanzhi.edge.cli.ready import make_ready
from shanzhi.edge.cli.sentences import CommandError

if TYPE_CHECKING:
    from shanzhi.city.places.rows import DivisionRow


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands `setup`, `account` and `token`."""
    setup = commands.add_parser("setup", help="建城 / load posts, kinds and divisions")
    setup.add_argument("divisions", type=Path, help="区划表 CSV/Excel / table of divisions")
    account = commands.add_parser("account", help="开账号并任职 / an account and its post")
    account.add_argument("username")
    account.add_argument("--name", required=True, help="姓名 / name shown")
    account.add_argument("--post", required=True, help="岗位代码 / kind of post, e.g. system_admin")
    account.add_argument("--place", required=True, help="区划代码 / code of the place")
    account.add_argument("--unit", default="", help="单位代码，没有则新建 / unit code, made when unknown")
    account.add_argument("--unit-name", default="", help="新单位名称 / name of a new unit")
    token = commands.add_parser(
        "token", help="签发设备令牌 / a bearer token for a phone or a partner's system"
    )
    token.add_argument("username")
    token.add_argument("--device", required=True, help="设备或系统名称 / name of the phone or system")


def run_setup(options: argparse.Namespace) -> int:
    """Load what a city begins with. A second run changes nothing; errors are listed row by row."""
    make_ready()
    from django.conf import settings
    from django.utils.timezone import localdate

    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.city.places import actions as places
    from shanzhi.city.places.rows import read_divisions
    from shanzhi.core.kit.errors import ShanzhiError
    from shanzhi.work.catalogue import actions as catalogue

    now = settings.SHANZHI_CLOCK.now()
    try:
        rows = read_divisions(options.divisions.read_bytes())
    except OSError as error:
        raise CommandError(
            f"读不了 {options.divisions}：{error.strerror}。", f"{options.divisions} cannot be read."
        ) from error
    except ShanzhiError as error:
        raise CommandError(error.sentence("zh"), error.sentence("en")) from error
    people.load_post_kinds(settings.PACKS / "base" / "posts.yaml", actor=SYSTEM, at=now)
    kinds = catalogue.load_pack(settings.PACKS / "base" / "kinds.yaml", SYSTEM, now)
    report = places.import_divisions(
        rows, on=localdate(now), actor=SYSTEM, at=now, source=options.divisions.name
    )
    for found in report.errors[:20]:
        print(f"第 {found.row} 行 {found.field}：{found.message_zh} / row {found.row}: {found.message_en}")
    if report.errors:
        raise CommandError(
            f"区划表有 {len(report.errors)} 处错误，未写入。",
            f"{len(report.errors)} errors: no division was written.",
        )
    new_plans = _load_plans(rows, now)
    print(
        f"区划：新增 {report.created}，变更 {report.changed}，不变 {report.unchanged}；"
        f"立案条件：新增 {kinds.created}。\n"
        f"Divisions: {report.created} new, {report.changed} changed, {report.unchanged} as before; "
        f"{kinds.created} filing rules new."
    )
    print(f"预案：新增 {new_plans} / {new_plans} plans new.")
    return 0


def _load_plans(rows: "list[DivisionRow]", at: datetime) -> int:
    """The plans of the pack for the highest place of the table: those below use them; how many were new."""
    from shanzhi.base.access import SYSTEM
    from shanzhi.city.places.models import Place
    from shanzhi.command.plans import packs
    from shanzhi.core.kit.errors import ShanzhiError

    top = Place.objects.filter(code__in=[row.code for row in rows], closed_on=None).order_by("code").first()
    try:
        return packs.load_all(top, actor=SYSTEM, at=at) if top else 0
    except ShanzhiError as error:
        raise CommandError(f"预案包有误：{error.sentence('zh')}", f"Plans: {error.sentence('en')}") from error


def _password() -> str:
    """Asked for twice at a terminal; elsewhere made and printed once."""
    if sys.stdin.isatty():
        first = getpass.getpass("密码 / password: ")
        if first != getpass.getpass("再输一次 / again: "):
            raise CommandError("两次输入的密码不同。", "The two passwords differ.")
        return first
    made = f"Sz-{secrets.token_urlsafe(12)}7"
    print(f"密码（只显示这一次）/ password, shown once: {made}")
    return made


def run_account(options: argparse.Namespace) -> int:
    """Make an account and appoint it from today."""
    make_ready()
    from django.conf import settings
    from django.db import transaction
    from django.utils.timezone import localdate

    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.city.people.models import Unit
    from shanzhi.city.places import queries as places
    from shanzhi.core.kit.errors import ShanzhiError

    now = settings.SHANZHI_CLOCK.now()
    on = localdate(now)
    place = places.by_code(options.place, on)
    if place is None:
        raise CommandError(
            f"没有代码为 {options.place} 的区划。", f"There is no place with the code {options.place}."
        )
    try:
        with transaction.atomic():
            account = people.create_account(options.username, options.name, _password(), actor=SYSTEM, at=now)
            unit = Unit.objects.filter(code=options.unit).first() if options.unit else None
            if options.unit and unit is None:
                unit = people.create_unit(
                    code=options.unit, name=options.unit_name, place_id=place.id, actor=SYSTEM, at=now
                )
            people.appoint(
                account.id,
                options.post,
                place.id,
                unit.id if unit else None,
                from_on=on,
                actor=SYSTEM,
                at=now,
            )
    except ShanzhiError as error:
        raise CommandError(error.sentence("zh"), error.sentence("en")) from error
    print(f"已开通 {options.username}。 / {options.username} is ready.")
    return 0


def run_token(options: argparse.Namespace) -> int:
    """Issue a token of an account and print it, once: only its hash is kept."""
    make_ready()
    from django.conf import settings

    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.city.people.models import Account
    from shanzhi.core.kit.errors import ShanzhiError

    account = Account.objects.filter(username=options.username).first()
    if account is None:
        raise CommandError(f"没有账号 {options.username}。", f"There is no account {options.username}.")
    try:
        token = people.issue_device_token(
            account.id, options.device, actor=SYSTEM, at=settings.SHANZHI_CLOCK.now()
        )
    except ShanzhiError as error:
        raise CommandError(error.sentence("zh"), error.sentence("en")) from error
    print(token)
    return 0
