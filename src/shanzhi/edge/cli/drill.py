"""`shanzhi drill`: a drill on a database of its own, with a progress display and a score.

Of one order to a whole city, or of a plan's level; two of them beside each other where `--against` names another.
With `--here` it takes place on a copy of the program's own places, doors and posts, without names and numbers.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shanzhi.edge.cli.sentences import CommandError

if TYPE_CHECKING:
    from shanzhi.base.access import Actor
    from shanzhi.city.places.models import Place
    from shanzhi.command.drills.scoring import Outcome

CITIES = {"chengdu": ("510100", 1.0), "wuhou": ("510107", 0.06)}
BEGINS = datetime(2026, 3, 9, 14, tzinfo=UTC)  # 22:00 in Shanghai


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    drill = commands.add_parser("drill", help="演练 / a drill with simulated people and a score")
    drill.add_argument("--city", default="chengdu", choices=sorted(CITIES), help="城市 / which city")
    drill.add_argument("--ladder", default="urgent", help="叫应阶梯 / which ladder")
    drill.add_argument(
        "--against",
        default="",
        help="再按另一阶梯（或另一预案）演练并比较 / a second ladder, or plan, to compare with",
    )
    drill.add_argument("--behaviour", default="usual", help="人员设定 / how people behave")
    drill.add_argument(
        "--plan", default="", metavar="CODE[:LEVEL]", help="演练哪个预案和级别 / which plan, at which level"
    )
    drill.add_argument("--here", action="store_true", help="在本系统区划的副本上 / on a copy of this city")
    drill.add_argument("--place", default="", metavar="CODE", help="演练区域代码 / code of the place")
    drill.add_argument("--minutes", type=int, default=15, help="演练时长 / minutes that pass")
    drill.add_argument(
        "--share", type=float, default=0.0, help="城市规模比例 / share of the whole city's size"
    )
    drill.add_argument("--seed", type=int, default=1, help="随机种子 / seed")
    drill.add_argument("--json", type=Path, metavar="PATH", help="写出 JSON / write JSON")


def run(options: argparse.Namespace) -> int:
    """Run the drill, perhaps a second one with another ladder, and print how both did."""
    from shanzhi.edge.cli.replay_home import ReplayHome

    code, share = CITIES[options.city]
    share = options.share or share
    if not 0 < share <= 1 or not 1 <= options.minutes <= 240:
        raise CommandError(
            "比例应在 0 与 1 之间，时长 1–240 分钟。", "A share within 0 and 1; 1 to 240 minutes."
        )
    name = f"drill_{options.city}" + (f"_{round(share * 1000)}" if options.share else "")
    name = "drill_here" if options.here else name
    wanted = [options.plan or options.ladder, options.against]
    # A copy is made anew each time: the city may have changed since.
    with ReplayHome(name, restart=options.here) as home:
        try:
            place = _ground(home.source_url, code, share, options)
            _end_what_was_left()
            found = {one: _run_one(place, one, options) for one in wanted if one}
        except KeyboardInterrupt:
            print("\n演练已停止，没有得分。 / The drill was stopped: there is no score.", flush=True)
            raise
    _print(found)
    _difference(found)
    if options.json:
        options.json.write_text(
            json.dumps({k: _plain(k, v) for k, v in found.items()}, ensure_ascii=False, indent=2)
        )
    return 0


def _ground(source_url: str, code: str, share: float, options: argparse.Namespace) -> Place:
    """Where the drill takes place: the invented city, or the copy of this one."""
    from django.conf import settings
    from django.db import connection

    from shanzhi.city.places.models import Place
    from shanzhi.core.kit.clock import FixedClock
    from shanzhi.edge.cli import drill_city, drill_copy
    from shanzhi.edge.exchange.channels.configuration import configure

    clock = FixedClock(BEGINS)
    settings.SHANZHI_CLOCK = clock
    configure(clock)
    if options.here:
        from shanzhi.core.kit.clock import SystemClock

        at = SystemClock().now()
        clock.advance(at - clock.now())
        print("正在复制现有区划、门户和岗位… / copying places, doors and posts …", flush=True)
        print(f"{drill_copy.copy_structure(source_url, at):,} 行 / rows", flush=True)
        place = _chosen(options.place)
        drill_city.add_commanders(place, at)
    else:
        print("正在准备演练城市… / making the city of the drill …", flush=True)
        place = drill_city.seed(code, share, BEGINS)
        if options.place:
            place = _chosen(options.place)
    if options.plan:
        drill_city.load_plans(
            Place.objects.filter(closed_on=None).order_by("code").first() or place, clock.now()
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return place


def _chosen(code: str) -> Place:
    from shanzhi.city.places.models import Place

    found = Place.objects.filter(closed_on=None)
    place = found.filter(code=code).first() if code else found.filter(level="county").order_by("code").first()
    if place is None:
        raise CommandError(f"没有代码为 {code} 的区域。", f"There is no place with the code {code}.")
    return place


def _run_one(place: Place, wanted: str, options: argparse.Namespace) -> Outcome:
    return _drill_plan(place, wanted, options) if options.plan else _drill(place, wanted, options)


def _people() -> tuple[Actor, Actor]:
    from django.conf import settings
    from django.utils.timezone import localdate

    from shanzhi.city.people.models import Account
    from shanzhi.city.people.queries import actor_for_account

    lead, boss = (
        actor_for_account(
            Account.objects.get(username=name).id, "desk", localdate(settings.SHANZHI_CLOCK.now())
        )
        for name in ("drill_lead", "drill_boss")
    )
    assert lead is not None and boss is not None
    return lead, boss


def _end_what_was_left() -> None:
    """A drill that was stopped half-way is over before the next begins."""
    from django.conf import settings

    from shanzhi.city.modes import actions as modes
    from shanzhi.city.modes.flow import LIVE
    from shanzhi.city.modes.models import Activation
    from shanzhi.work.orders import actions
    from shanzhi.work.orders.flow import ISSUED
    from shanzhi.work.orders.models import Order

    (_, boss), at, reason = _people(), settings.SHANZHI_CLOCK.now(), "上次演练中断"
    for row in Activation.objects.filter(state=LIVE):
        modes.perform(row.id, "end", modes.Given(reason=reason), actor=boss, at=at)
    for order in Order.objects.filter(state=ISSUED):
        actions.perform(order.id, "end", actor=boss, at=at, reason=reason)


def _drill_plan(place: Place, wanted: str, options: argparse.Namespace) -> Outcome:
    """Switch a plan's level on, let people answer and walk, switch it off again."""
    from django.conf import settings
    from django.db import transaction

    from shanzhi.city.modes import actions as modes
    from shanzhi.city.modes.parts import known
    from shanzhi.city.places.queries import children
    from shanzhi.command.drills import packs
    from shanzhi.edge.cli.drill_progress import Progress, announce, expected_seconds
    from shanzhi.edge.exchange import plan_drill

    code, _, level = wanted.partition(":")
    if level and level not in {"1", "2", "3", "4"}:
        raise CommandError("响应级别应为 1 至 4。", "A level is 1 to 4.")
    clock, (lead, boss) = settings.SHANZHI_CLOCK, _people()
    at = clock.now()
    # A plan may be for a county at most: a city is all of its counties.
    places = [place.id] if place.level != "city" else [one.id for one in children(place.id, at.date())]
    row = plan_drill.switch_on(code, int(level or 3), places, plan_drill.Crew(lead, boss), at)
    print(f"{row.number} {row.title}：{place.name}，{len(known())} 类内容 / parts", flush=True)
    for line in row.events.get(verb="approve").made:
        print(f"  {line['zh']} {line.get('count') or ''} / {line['en']}", flush=True)
    given = packs.behaviour(options.behaviour)
    drill = plan_drill.PlanDrill(row, given, clock, seed=options.seed)
    announce(expected_seconds(drill.people, options.minutes, drill.doors))
    with Progress() as progress:
        found = drill.run(options.minutes * 60, progress.tell)
    with transaction.atomic():
        modes.perform(row.id, "end", modes.Given(reason="演练结束"), actor=boss, at=clock.now())
    return found


def _drill(place: Place, ladder: str, options: argparse.Namespace) -> Outcome:
    from django.conf import settings
    from django.db import transaction

    from shanzhi.command.drills import packs
    from shanzhi.edge.cli.drill_progress import Progress, announce, expected_seconds
    from shanzhi.edge.exchange import drilling
    from shanzhi.work.orders import actions
    from shanzhi.work.orders.drafting import Draft

    clock = settings.SHANZHI_CLOCK
    begins = clock.now()
    given = packs.behaviour(options.behaviour)
    lead, boss = _people()
    with transaction.atomic():
        order = actions.create(
            Draft(
                title="全域集结演练", sentence="请立即到岗并逐户走访，收到请回复。", place_ids=[place.id],
                post_kinds=["grid_worker", "grid_head", "grid_helper"], until_at=begins + timedelta(hours=3),
                ladder=ladder, is_drill=True,
            ),
            actor=lead, at=begins,
        )  # fmt: skip
        actions.perform(order.id, "propose", actor=lead, at=begins)
        order = actions.perform(order.id, "confirm", actor=boss, at=begins)
    print(
        f"{order.number} {place.name}：{order.people:,} 人，{order.households:,} 户 / people, households",
        flush=True,
    )
    seconds = options.minutes * 60
    announce(expected_seconds(order.people or 0, options.minutes, 0))
    with Progress() as progress:
        found = drilling.Drill(order, given, clock, seed=options.seed).run(
            seconds, lambda second: progress.tell("orders", second, seconds)
        )
    actions.perform(order.id, "end", actor=boss, at=clock.now(), reason="演练结束")
    return found


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"


def compared(ladder: str, outcome: Outcome) -> list[tuple[int, int, int]]:
    """Second, how many the composer expected to have it by then, how many of the drill had: the same curve twice."""
    from shanzhi.work.orders import packs
    from shanzhi.work.orders.promise import plan

    if ladder not in packs.ladders():
        return []  # a plan's orders have ladders of their own
    rungs = packs.ladder(ladder)
    expected = plan(rungs, outcome.people, {step.channel for step in rungs.rungs if step.channel})
    step = max(1, len(expected.curve) // 8) if expected else 1
    points = expected.curve[step::step] if expected else []
    return [(second, people, int((outcome.delivered <= second).sum())) for second, people in points]


def _title(name: str) -> str:
    """A ladder in words; a plan is named already."""
    from shanzhi.work.orders import packs

    return packs.ladder(name).zh if name in packs.ladders() else name


def _print(found: dict[str, Outcome]) -> None:
    from shanzhi.base.messaging import channels

    for ladder, outcome in found.items():
        sent = (
            "，".join(
                f"{' '.join(channels.names_of([code]))} {count:,}"
                for code, count in sorted(outcome.sent_messages.items())
            )
            or "无 none"
        )
        print(f"\n【演练 Drill】{_title(ladder)}：{outcome.people:,} 人 people，外部消息 messages：{sent}")
        print(f"{'':6}{'承诺 promised':>26}{'达到时间 reached':>20}{'限时内 in time':>18}{'得分 points':>14}")
        for one in outcome.results:
            promised = f"{one.target.share:.0%} / {_time(one.target.seconds)}"
            print(
                f"{one.target.zh}\t{promised:>24}{_time(one.reached):>20}{one.share_in_time:>17.1%}"
                f"{one.points:>10.1f}/{one.target.weight:.0f}"
            )
        curve = compared(ladder, outcome)
        if curve:
            print(f"{'':6}{'送达 delivered':>20}{'测算 expected':>18}{'演练 drill':>16}")
        for second, expected, reached in curve:
            print(f"{'':6}{_time(second):>20}{expected:>18,}{reached:>16,}")
        if len(outcome.doors):
            done = int((outcome.doors < float("inf")).sum())
            print(f"到户 doors：{done:,} / {len(outcome.doors):,}")
        print(f"总分 score：{outcome.score:.1f} / {sum(one.target.weight for one in outcome.results):.0f}")


def _difference(found: dict[str, Outcome]) -> None:
    """Two plans, or ladders, beside each other: what the second reached sooner or later (前后对比)."""
    if len(found) != 2:
        return
    (one, before), (other, after) = found.items()
    print(f"\n【对比 compared】{_title(one)} → {_title(other)}：{before.score:.1f} → {after.score:.1f}")
    seconds = {result.target.code: result.reached for result in after.results}
    for result in before.results:
        if result.target.code in seconds:
            print(f"{result.target.zh}\t{_time(result.reached)} → {_time(seconds[result.target.code])}")


def _plain(ladder: str, outcome: Outcome) -> dict[str, Any]:
    return {
        "curve": compared(ladder, outcome),
        "people": outcome.people, "messages": outcome.sent_messages, "score": round(outcome.score, 2),
        "targets": [
            {
                "code": one.target.code, "share": one.target.share, "seconds": one.target.seconds,
                "reached": one.reached, "share_in_time": one.share_in_time, "points": one.points,
            }
            for one in outcome.results
        ],
    }  # fmt: skip
