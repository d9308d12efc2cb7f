"""The `shanzhi` command (命令): serve, worker, demo, manage, and the embedded database."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from shanzhi.edge.cli import channels, drill, postgres, replay, retention, setup
from shanzhi.edge.cli.ready import make_ready
from shanzhi.edge.cli.sentences import CommandError
from shanzhi.edge.cli.serve import Supervisor


def project_root() -> Path:
    """The folder whose `.shanzhi` is used: SHANZHI_ROOT, else the working folder."""
    return Path(os.environ.get("SHANZHI_ROOT") or Path.cwd()).resolve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shanzhi", description="善治 Shanzhi")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="运行 / serve until Ctrl-C")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=int(os.environ.get("SHANZHI_PORT", "8000")))
    serve.add_argument("--push-port", type=int, default=0, help="默认为端口加一 / default: port + 1")
    serve.add_argument("--intake-port", type=int, default=0, help="默认为端口加二 / default: port + 2")
    serve.add_argument("--workers", type=int, default=0, help="HTTP 进程数 / HTTP processes")
    serve.add_argument("--no-demo", action="store_true", help="不准备演示数据 / no demo data")
    commands.add_parser("worker", help="后台进程 / relay, sealer and clocks")
    demo = commands.add_parser("demo", help="准备演示城市 / make the demo city")
    demo.add_argument(
        "--city", default="", help="区或市的代码，含一个月历史 / a district or city, with a history"
    )
    demo.add_argument("--days", type=int, default=30, help="历史天数 / days of history")
    demo.add_argument("--a-day", type=int, default=40, help="每区每天件数 / reports a day and district")
    database = commands.add_parser("db", help="内置数据库 / the embedded database")
    database.add_argument("action", choices=["start", "stop", "shell", "status"])
    database.add_argument("arguments", nargs=argparse.REMAINDER, help="psql 的参数 / arguments of psql")
    audit = commands.add_parser("audit", help="审计日志 / the sealed history")
    audit.add_argument("action", choices=["verify"])
    commands.add_parser("channels", help="消息通道 / channels of messages, and what is stuck")
    recompute = commands.add_parser(
        "recompute", help="日历变更后重算到期时间 / due times anew, after a new calendar"
    )
    recompute.add_argument("--now", action="store_true", help="立即执行并报告 / at once, with a report")
    setup.add_arguments(commands)
    replay.add(commands)
    drill.add(commands)
    retention.add(commands)
    manage = commands.add_parser("manage", help="Django 管理命令 / Django's own commands")
    manage.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def _database(action: str, arguments: list[str]) -> int:
    root = project_root()
    if action == "shell":
        return postgres.shell(root, arguments)
    if action == "start":
        postgres.ensure_running(root)
    if action == "stop" and not postgres.stop(root):
        print("数据库没有在运行。 / The database is not running.")
        return 0
    found = postgres.status(root)
    if found.running:
        print(f"运行中 / running: PostgreSQL {found.version}, pid {found.process_id}, {found.data}")
    else:
        print(f"已停止 / stopped: {found.data}")
    return 0 if found.running or action == "stop" else 3


def _demo(options: argparse.Namespace) -> int:
    """Seed the demo city, then print its logins (`demo.LOGINS`: post, user name, password)."""
    make_ready()
    from shanzhi.edge.cli import (
        demo,
        demo_board,
        demo_care,
        demo_duty,
        demo_grids,
        demo_orders,
        demo_partners,
        demo_plans,
        demo_reporting,
        demo_sampling,
        demo_surge,
    )

    if options.city:
        demo.seed_city(options.city, days=options.days, a_day=options.a_day)
        demo_grids.seed_city_grids(options.city)
        demo_plans.seed_plans(live=False)
    else:
        demo.seed()
        demo_grids.seed_grids()
        demo_board.seed_boards()
        demo_surge.seed_surge()
        demo_partners.seed_partners()
        demo_orders.seed_orders()
        demo_plans.seed_plans()
        demo_reporting.seed_reporting()
        demo_duty.seed_duty()
        demo_care.seed_care()
        demo_sampling.seed_sampling()
    for login in demo.LOGINS:
        print("  " + "  ".join(str(part) for part in login))
    return 0


def _verify() -> int:
    """Check every seal; say what is wrong, and how much is not sealed yet."""
    make_ready()
    from shanzhi.base.audit import queries

    found = queries.verify()
    for problem in found.problems:
        print(problem)
    print(
        f"已封存 {found.sealed} 行，未封存 {found.unsealed} 行，问题 {len(found.problems)} 处。\n"
        f"{found.sealed} rows sealed, {found.unsealed} not yet, {len(found.problems)} problems."
    )
    return 1 if found.problems else 0


def _recompute(now: bool) -> int:
    """Compute open due times anew: as a job of the worker, or at once with the report."""
    make_ready()
    from procrastinate.exceptions import AlreadyEnqueued

    from shanzhi.work.cases.jobs import recompute_due_times

    if not now:
        try:
            recompute_due_times.defer()
        except AlreadyEnqueued:
            raise CommandError("重算任务已在排队。", "The recomputation is waiting already.") from None
        print("已排队，由后台进程重算到期时间。\nThe worker will compute the due times anew.")
        return 0
    found = recompute_due_times()
    print(
        "检查 {looked_at} 个计时，变更 {changed} 个：提前 {earlier} 个，推迟 {later} 个，"
        "因此超期 {now_overdue} 个。\n"
        "{looked_at} clocks looked at, {changed} changed: {earlier} earlier, {later} later, "
        "{now_overdue} overdue by it.".format(**found)
    )
    return 0


def _run(options: argparse.Namespace) -> int:
    if options.command == "audit":
        return _verify()
    if options.command == "channels":
        return channels.show()
    if options.command == "setup":
        return setup.run_setup(options)
    if options.command == "account":
        return setup.run_account(options)
    if options.command == "token":
        return setup.run_token(options)
    if options.command == "recompute":
        return _recompute(options.now)
    if options.command == "drill":
        return drill.run(options)
    if options.command == "retention":
        return retention.run(options)
    if options.command == "replay":
        return replay.run(options)
    if options.command == "db":
        return _database(options.action, options.arguments)
    if options.command == "serve":
        return Supervisor(
            root=project_root(),
            host=options.host,
            port=options.port,
            push_port=options.push_port or options.port + 1,
            intake_port=options.intake_port or options.port + 2,
            workers=options.workers,
            demo=not options.no_demo,
        ).run()
    if options.command == "demo":
        return _demo(options)
    if options.command == "manage":
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")
        from django.core.management import execute_from_command_line

        execute_from_command_line(["shanzhi manage", *options.arguments])
        return 0
    from shanzhi.edge.cli import worker

    return worker.main()


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what a person can put right is one sentence, without a traceback."""
    try:
        return _run(_parser().parse_args(arguments))
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if type(error).__name__ != "OperationalError":  # Django may not be loaded at all
            raise
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        print(
            f"数据库没有应答：{reason}。先运行 shanzhi db start，或检查 DATABASE_URL。\n"
            f"The database does not answer: {reason}. Run `shanzhi db start` first, or look at DATABASE_URL.",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
