"""`shanzhi replay`: the reports of another system's file; for now what it recorded, against Shanzhi."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from shanzhi.edge.cli.sentences import CommandError

_PROJECT = Path(__file__).resolve().parents[4]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    replay = commands.add_parser("replay", help="重放外部数据 / replay the reports of a file")
    replay.add_argument("file", type=Path, help=".csv 或 .csv.gz / .csv or .csv.gz")
    replay.add_argument("--map", required=True, help="映射名 / name of the mapping, such as boston311")
    replay.add_argument("--recorded", action="store_true", help="比对历史记录 / compare what was recorded")
    replay.add_argument("--json", metavar="PATH", help="写出 JSON，- 为标准输出 / write JSON, - for stdout")


def mappings_folder() -> Path:
    """Where the mappings are: `replay` in the packs, which SHANZHI_PACKS may name."""
    return Path(os.environ.get("SHANZHI_PACKS") or _PROJECT / "packs") / "replay"


def run(options: argparse.Namespace) -> int:
    """Compare a file's record: 0 done, 2 for what is not built yet. Needs no database."""
    if not options.recorded:
        print(
            "模拟人员处置的重放尚未完成，目前请加 --recorded。\n"
            "Replay with simulated staff is not built yet; for now add --recorded.",
            file=sys.stderr,
        )
        return 2
    # Not at the top: the other commands start without numpy.
    from shanzhi.edge.exchange import feeds, recorded, target_rules

    folder = mappings_folder()
    try:
        feed = feeds.read_feed(options.file, feeds.load_mapping(folder, options.map))
        rules = calendar = None
        if (limits := folder / f"{options.map}_limits.yaml").is_file():
            rules = target_rules.load_rules(limits)
            calendar = target_rules.load_calendar(folder / f"{options.map}_calendar.yaml")
        result = recorded.compare(feed, rules, calendar)
    except feeds.FeedError as error:
        raise CommandError(error.zh, error.en) from None
    text = json.dumps(result, ensure_ascii=False, indent=2)
    if options.json == "-":
        print(text)
    elif options.json:
        try:
            Path(options.json).write_text(text + "\n", "utf-8")
        except OSError as error:
            raise CommandError(
                f"无法写入 {options.json}：{error.strerror}。",
                f"Cannot write {options.json}: {error.strerror}.",
            ) from None
    # With the JSON on standard output the table goes beside it, so that the output can be piped.
    print(recorded.table(result), file=sys.stderr if options.json == "-" else sys.stdout)
    return 0
