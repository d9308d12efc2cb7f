"""How simulated people behave, and what drills are held against: packs (演练设定)."""

from functools import lru_cache
from pathlib import Path

import msgspec
from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml

USUAL = "usual"


class Way(msgspec.Struct, frozen=True):
    """How people answer by one way: seconds, lognormal by median and sigma; `answers` is the share who do."""

    answer_median: float
    answer_sigma: float
    latency_median: float = 0.0
    latency_sigma: float = 0.0
    answers: float = 1.0


class People(msgspec.Struct, frozen=True):
    """How people behave."""

    asleep_share: float
    answers: float
    cannot: float
    app: Way
    message: Way
    deputy: Way


class DoorsGiven(msgspec.Struct, frozen=True):
    """How doors go."""

    travel_median: float
    travel_sigma: float
    walk_seconds: float
    door_median: float
    door_sigma: float
    away: float
    refuses: float
    helps: float
    help_median: float
    revisits: int
    revisit_seconds: float


class Target(msgspec.Struct, frozen=True):
    """What a drill is held against: `share` of what `measure` names within `seconds`."""

    code: str
    zh: str
    en: str
    measure: str
    share: float
    seconds: float
    weight: float


class Measure(msgspec.Struct, frozen=True):
    """How a target that a plan names by its code is measured, and which share of them counts as reached."""

    measure: str
    share: float


class Behaviour(msgspec.Struct, frozen=True):
    """A pack of a drill. Without targets and measures those of the usual one hold."""

    zh: str
    en: str
    people: People
    doors: DoorsGiven
    targets: list[Target] = []
    measures: dict[str, Measure] = {}


def behaviour(name: str = USUAL) -> Behaviour:
    """The behaviour of a pack. Raises InvalidInput for a name that no pack has."""
    if name not in names():
        raise InvalidInput(
            field="behaviour", reason_zh=f"没有演练设定“{name}”。", reason_en=f"No drill pack {name}."
        )
    return _read(settings.PACKS / "drills", name)


def names() -> list[str]:
    """Every pack by name, the usual one first."""
    found = sorted(path.stem for path in (settings.PACKS / "drills").glob("*.yaml"))
    return sorted(found, key=lambda name: name != USUAL)


@lru_cache(maxsize=32)
def _read(folder: Path, name: str) -> Behaviour:
    path = folder / f"{name}.yaml"
    found = msgspec.convert(read_yaml(path)[name], Behaviour)
    if found.measures:
        return found
    usual = _read(folder, USUAL)
    return msgspec.structs.replace(found, targets=found.targets or usual.targets, measures=usual.measures)


def words(given: Behaviour) -> list[tuple[str, str]]:
    """The distribution in sentences (分布说明), Chinese and English."""
    people, doors = given.people, given.doors
    asleep, silent, cannot = (_percent(x) for x in (people.asleep_share, 1 - people.answers, people.cannot))
    app, message = _duration(people.app.answer_median), _duration(people.message.answer_median)
    away, refuses, helps = (_percent(x) for x in (doors.away, doors.refuses, doors.helps))
    travel, door = _duration(doors.travel_median), _duration(doors.door_median)
    again = _duration(doors.revisit_seconds)
    return [
        (
            f"{asleep} 的手机下达时处于休眠，要靠短信等消息叫醒；{silent} 的人始终不应答。",
            f"{asleep} of phones are asleep when the order comes and are woken by messages; {silent} of people never "
            "answer.",
        ),
        (
            f"应答用时中位数：应用内 {app[0]}，收到消息后 {message[0]}；应答者中 {cannot} 回复“无法执行”。",
            f"Median time to answer: {app[1]} in the app, {message[1]} after a message; {cannot} of those say that "
            "they cannot.",
        ),
        (
            f"应答后到达首户的中位数 {travel[0]}，每户 {door[0]}；每次上门 {away} 家中无人（{again[0]}后复访 "
            f"{doors.revisits} 次），{refuses} 拒访，{helps} 需协助。",
            f"Median {travel[1]} to the first door and {door[1]} at each; at each visit {away} nobody home (up to "
            f"{doors.revisits} more after {again[1]}), {refuses} refuse, {helps} need help.",
        ),
    ]


def _percent(share: float) -> str:
    return f"{share * 100:.3g}%"


def _duration(seconds: float) -> tuple[str, str]:
    if seconds < 120:
        return f"{seconds:g} 秒", f"{seconds:g} s"
    return f"{seconds / 60:.3g} 分钟", f"{seconds / 60:.3g} min"
