"""`shanzhi replay`: the reports of another system's file, with simulated staff or as they were recorded."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shanzhi.edge.cli.sentences import CommandError

if TYPE_CHECKING:
    from shanzhi.edge.exchange.feeds import Feed
    from shanzhi.edge.exchange.replaying import Progress

_PROJECT = Path(__file__).resolve().parents[4]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    replay = commands.add_parser("replay", help="重放外部数据 / replay the reports of a file")
    replay.add_argument("file", type=Path, help=".csv 或 .csv.gz / .csv or .csv.gz")
    replay.add_argument("--map", required=True, help="映射名 / name of the mapping, such as boston311")
    replay.add_argument("--recorded", action="store_true", help="比对历史记录 / compare what was recorded")
    replay.add_argument("--json", metavar="PATH", help="写出 JSON，- 为标准输出 / write JSON, - for stdout")
    replay.add_argument("--excel", metavar="PATH", type=Path, help="写出 Excel / write an Excel file")
    replay.add_argument("--staff", default="usual", help="模拟人员设定 / which simulated staff")
    replay.add_argument("--rows", type=int, default=0, help="只取前若干行 / only the first rows")
    replay.add_argument("--database", default="", help="重放所用的数据库名 / name of the database to use")
    replay.add_argument("--restart", action="store_true", help="从头开始 / begin anew")
    replay.add_argument("--journal", type=Path, help="记下每个已确认的编号 / note every acknowledged id")
    replay.add_argument("--http", action="store_true", help="经由 HTTP 接口 / through the HTTP interface")


def packs_folder() -> Path:
    """Where the packs are, which SHANZHI_PACKS may name."""
    return Path(os.environ.get("SHANZHI_PACKS") or _PROJECT / "packs")


def run(options: argparse.Namespace) -> int:
    """Replay a file. What was cut off goes on; a file that was replayed whole shows its scoreboard again."""
    # Not at the top: the other commands start without numpy.
    from shanzhi.edge.exchange import feeds

    folder = packs_folder() / "replay"
    try:
        feed = feeds.read_feed(options.file, feeds.load_mapping(folder, options.map))
        if options.rows:
            feed = feeds.first_rows(feed, options.rows)
        return _recorded(feed, folder, options) if options.recorded else _simulated(feed, folder, options)
    except feeds.FeedError as error:
        raise CommandError(error.zh, error.en) from None


def _rules(folder: Path, name: str) -> Any:
    from shanzhi.edge.exchange import target_rules

    path = folder / f"{name}_limits.yaml"
    return target_rules.load_rules(path) if path.is_file() else None


def _recorded(feed: Feed, folder: Path, options: argparse.Namespace) -> int:
    """Compare a file's record. Needs no database."""
    from shanzhi.edge.exchange import recorded, target_rules

    rules = _rules(folder, options.map)
    calendar = target_rules.load_calendar(folder / f"{options.map}_calendar.yaml") if rules else None
    result = recorded.compare(feed, rules, calendar)
    _write_json(result, options.json)
    _show(recorded.table(result), options.json)
    return 0


def _write_json(result: dict[str, Any], path: str | None) -> None:
    text = json.dumps(result, ensure_ascii=False, indent=2)
    if path == "-":
        print(text)
    elif path:
        _write(Path(path), (text + "\n").encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise CommandError(
            f"无法写入 {path}：{error.strerror}。", f"Cannot write {path}: {error.strerror}."
        ) from None


def _show(text: str, json_path: str | None) -> None:
    # With the JSON on standard output the table goes beside it, so that the output can be piped.
    print(text, file=sys.stderr if json_path == "-" else sys.stdout)


def _simulated(feed: Feed, folder: Path, options: argparse.Namespace) -> int:
    """Let simulated staff work on the reports, in a database of its own."""
    from tqdm import tqdm

    from shanzhi.edge.cli.replay_home import ReplayHome
    from shanzhi.edge.exchange.staff import load_staff

    if not feed.reports:
        raise CommandError("文件里没有可用的行。", "The file has no usable rows.")
    staff = load_staff(packs_folder() / "staff" / f"{options.staff}.yaml")
    name = options.database or f"replay_{options.map.replace('-', '_')}"
    with ReplayHome(name, options.restart, options.http) as home:
        from datetime import UTC, datetime
        from zoneinfo import ZoneInfo

        from shanzhi.edge.exchange import integrity, replaying, scoreboard, simulation, town
        from shanzhi.work.cases.limits import calendar_of

        begins = min(report.opened_at for report in feed.reports)
        made = town.build(
            feed, _rules(folder, options.map), staff, begins.astimezone(UTC) - timedelta(days=2)
        )
        listed = replaying.incoming(feed.reports, made, staff, options.map)
        engine = simulation.Simulation(made, staff, calendar_of(made.area), home.photo(begins))
        last = begins
        with tqdm(total=len(listed), unit=" 件", dynamic_ncols=True, disable=None) as bar:

            def tell(progress: Progress, at: float) -> None:
                nonlocal last
                last = datetime.fromtimestamp(at, UTC)
                bar.update(progress.seen - bar.n)
                bar.set_postfix_str(f"{last:%Y-%m-%d %H:%M} {progress.steps:,} 步 steps", refresh=False)

            replay = replaying.Replay(
                made, engine, listed, door=home.door(begins), journal=options.journal, tell=tell,
                mend=home.mend,
            )  # fmt: skip
            progress = replay.run()
        home.settle()
        result = {
            "replay": {
                "map": feed.mapping.name_en, "rows": feed.rows, "error_count": len(feed.errors),
                "errors": feed.errors[:100], **progress.as_data(),
            },
            "scoreboard": scoreboard.scoreboard(made.area, scoreboard.last_at(made.area) or begins),
            "integrity": integrity.check(made.area, {one.id for one in listed}, options.journal),
        }  # fmt: skip
    _write_json(result, options.json)
    if options.excel:
        _write(options.excel, scoreboard.workbook(result["scoreboard"], ZoneInfo(feed.mapping.time_zone)))
    _show(scoreboard.table(result["scoreboard"]), options.json)
    _show(replaying.profile(progress), options.json)
    _show(integrity.sentence(result["integrity"]), options.json)
    return 0 if result["integrity"]["problems"] == 0 else 1
