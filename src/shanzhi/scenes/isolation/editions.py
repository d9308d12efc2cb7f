"""When somebody is free (解除日期), computed by the edition in force: pure, from dates and facts alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from shanzhi.scenes.isolation.packs import Edition


@dataclass(frozen=True)
class Schedule:
    """What an edition means for somebody: free on `release_on`, observed until before `monitored_until_on`."""

    edition: Edition
    begun_on: date
    release_on: date
    monitored_until_on: date
    tests: tuple[date, ...]

    def spans(self) -> list[tuple[int, date, date]]:
        """Of each test its day, the date from which it counts and the one before which it must be taken."""
        ends = [*self.tests[1:], date.max][: len(self.tests)]
        return list(zip(self.edition.tests, self.tests, ends, strict=True))


@dataclass(frozen=True)
class Missing:
    """A condition of the release that is not met, in both languages."""

    zh: str
    en: str


def schedule(edition: Edition, begun_on: date) -> Schedule:
    """The dates of an edition for an isolation that began on a day (day 0)."""
    release_on = begun_on + timedelta(days=edition.isolation_days)
    return Schedule(
        edition, begun_on, release_on, release_on + timedelta(days=edition.monitoring_days),
        tuple(begun_on + timedelta(days=day) for day in edition.tests),
    )  # fmt: skip


def applying(editions: Mapping[str, Edition], code: str, begun_on: date, on: date) -> Schedule:
    """The schedule by the edition in force on `on` for whoever began under `code` (现行版本).

    An edition that succeeds theirs, directly or by others, and has come into force since, applies when it frees them
    earlier; one that would hold them longer never does. Raises KeyError for an unknown code.
    """
    best, at, seen = schedule(editions[code], begun_on), editions[code], {code}
    while True:
        follower = next(
            (one for one in editions.values() if one.succeeds == at.code and one.code not in seen), None
        )
        if follower is None or follower.from_on > on:
            return best
        seen.add(follower.code)
        at = follower
        found = schedule(follower, begun_on)
        if found.release_on < best.release_on:
            best = found


def missing(
    plan: Schedule, on: date, negatives: Collection[date], unanswered: Collection[date]
) -> list[Missing]:
    """What still lacks for an ordinary release on `on`: days, tests, answered check-ins; empty when it is due.

    A test of a day counts when it was taken on that day or later, before the day of the next one. `unanswered` are
    the days of check-ins that nobody has answered, neither the person nor a worker.
    """
    found = []
    left = (plan.release_on - on).days
    if left > 0:
        found.append(
            Missing(
                f"还差 {left} 天（{plan.release_on} 期满）", f"{left} days to go, until {plan.release_on}"
            )
        )
    for day, begins, ends in plan.spans():
        if not any(begins <= taken < ends for taken in negatives):
            found.append(
                Missing(f"缺第 {day} 天的检测阴性结果", f"no negative result of the test of day {day}")
            )
    since = plan.release_on - timedelta(days=plan.edition.checked_days)
    for asked_on in sorted({one for one in unanswered if since <= one <= on}):
        zh = f"{asked_on} 的健康报告未补（电话或上门补报即可）"
        found.append(Missing(zh, f"the check-in of {asked_on} is open: ring up or go there"))
    return found
