"""Whether a ladder can keep the promise (送达承诺): everybody reached in time, with part of the phones asleep.

A sleeping phone holds no stream: whoever it belongs to hears of an order only by the rungs that wake it. A rung of
`n` messages at `r` a second has gone out after its start plus n / r seconds; what is not out by the promise is late.
"""

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil

from shanzhi.work.orders.flow import RungKind
from shanzhi.work.orders.packs import Ladder, promise

Sentence = tuple[str, str]


@dataclass(frozen=True)
class Kept:
    """By when the last sleeping phone is woken (seconds; None: never), and how many are too late or never."""

    seconds: float | None
    late: int


def kept(ladder: Ladder, asleep: int, registered: Collection[str], limit: float) -> Kept:
    """Let every usable rung wake people at its rate, each the next that nobody woke yet."""
    rungs = [
        (step.after_seconds, float(step.per_second or asleep or 1))
        for step in ladder.rungs
        if step.kind == str(RungKind.CHANNEL) and step.channel in registered
    ]

    def woken(at: float) -> float:
        return sum(max(0.0, at - begins) * rate for begins, rate in rungs)

    if not asleep:
        return Kept(0.0, 0)
    if not rungs:
        return Kept(None, asleep)
    late = max(0, asleep - int(woken(limit)))
    low, high = 0.0, max(begins for begins, _ in rungs) + asleep / sum(rate for _, rate in rungs) + 1
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if woken(middle) >= asleep else (middle, high)
    return Kept(high, late)


def rate_needed(
    ladder: Ladder, asleep: int, registered: Collection[str], limit: float
) -> tuple[int, int] | None:
    """Position and rate a second at which the first usable rung alone would do; None when there is no such rung."""
    for position, step in enumerate(ladder.rungs):
        if step.kind == str(RungKind.CHANNEL) and step.channel in registered and step.after_seconds < limit:
            return position, ceil(asleep / (limit - step.after_seconds))
    return None


def warnings(ladder: Ladder, people: int, with_phone: int, registered: Collection[str]) -> list[Sentence]:
    """What a composer has to hear before it is too late."""
    given, told = promise(), []
    minutes = round(given.seconds / 60)
    away = sorted(
        {
            step.channel
            for step in ladder.rungs
            if step.kind == str(RungKind.CHANNEL) and step.channel not in registered
        }
    )
    if away:
        told.append(
            (
                f"通道未接入：{'、'.join(away)}，这些级别不会发出消息。",
                f"Channels that are not configured send nothing: {', '.join(away)}.",
            )
        )
    if with_phone < people:
        told.append(
            (
                f"有 {people - with_phone} 人没有登记手机号，应用不在线时只能由代理人或上级网格转告。",
                f"{people - with_phone} people have no telephone here: only a deputy or the grid above tells them.",
            )
        )
    asleep = round(people * given.asleep_share)
    share = round(given.asleep_share * 100)
    found = kept(ladder, asleep, registered, given.seconds)
    if found.late == 0:
        return told
    if found.seconds is None:
        told.append(
            (
                f"若 {share}% 的手机处于休眠，约 {found.late} 人在 {minutes} 分钟内收不到：没有可用的外部通道。",
                f"With {share} % of phones asleep about {found.late} people are not reached within {minutes} "
                "minutes: no outside channel is configured.",
            )
        )
        return told
    needed = rate_needed(ladder, asleep, registered, given.seconds)
    zh = en = ""
    if needed is not None:
        zh = f"第 {needed[0] + 1} 级需达到每秒 {needed[1]} 条。"
        en = f" Rung {needed[0] + 1} would need {needed[1]} a second."
    told.append(
        (
            f"若 {share}% 的手机处于休眠，{minutes} 分钟内约有 {found.late} 人收不到，全部送达需约 "
            f"{ceil(found.seconds / 60)} 分钟。{zh}",
            f"With {share} % of phones asleep about {found.late} people are late; all are reached after about "
            f"{ceil(found.seconds / 60)} minutes.{en}",
        )
    )
    return told
