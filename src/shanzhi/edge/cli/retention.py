"""`shanzhi retention`: check certificates of destruction (核验销毁证书), and destroy by hand what is too old."""

from __future__ import annotations

import argparse

from shanzhi.edge.cli.ready import make_ready
from shanzhi.edge.cli.sentences import CommandError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    retention = commands.add_parser("retention", help="保存与销毁 / retention and destruction")
    retention.add_argument("action", choices=["verify", "night"])
    retention.add_argument(
        "number", nargs="?", default="", help="证书编号，不填则全部 / a certificate; all without"
    )


def run(options: argparse.Namespace) -> int:
    """`verify` one certificate or all; `night` does now what the night would."""
    make_ready()
    return _verify(options.number) if options.action == "verify" else _night()


def _verify(number: str) -> int:
    from shanzhi.base.retention import certificate
    from shanzhi.base.retention.flow import DONE
    from shanzhi.base.retention.models import DestructionRun

    runs = DestructionRun.objects.filter(state=DONE).order_by("planned_at")
    if number:
        runs = runs.filter(number=number)
        if not runs:
            raise CommandError(f"没有已完成的销毁 {number}。", f"There is no finished destruction {number}.")
    wrong = 0
    for one in runs:
        found = certificate.check(one)
        wrong += not found.right
        said = "；".join(zh for zh, _ in found.problems) or (
            f"{found.unsealed} 条记录待封存 / not sealed yet" if found.unsealed else "一致 / right"
        )
        print(
            f"{one.number}  {sum(line.destroyed or 0 for line in one.lines.all()):>12,}  {said}  {one.digest}"
        )
    print(
        f"核验 {len(runs)} 份，不符或待封存 {wrong} 份。\n{len(runs)} certificates, {wrong} of them not right."
    )
    return 1 if wrong else 0


def _night() -> int:
    from shanzhi.base.retention.jobs import destroy_what_is_old

    rows = destroy_what_is_old(timestamp=0)
    print(f"到期删除 {rows} 行。 / {rows} rows were too old and are gone.")
    return 0
