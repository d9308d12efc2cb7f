"""One case and those who work on it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client, override_settings
from django.utils.timezone import localdate
from tests.seeded import QUICK_HASHERS, Seeded

from shanzhi.core.kit.clock import FixedClock

WHO = {
    "accept": "shouli", "reject": "shouli", "ask_verify": "shouli", "verify_true": "wangge",
    "verify_untrue": "wangge", "file": "zhibanzhang", "decline": "zhibanzhang", "dispatch": "paiqian",
    "sign": "chuzhi", "handle": "chuzhi", "feed_back": "chuzhi", "inspect": "wangge", "rework": "wangge",
    "close": "zhibanzhang", "reopen": "paiqian", "reopen_unfiled": "paiqian", "merge": "shouli",
    "unmerge": "shouli", "self_handle": "wangge", "confirm_self": "shouli", "doubt_self": "shouli",
    "pass_sample": "xuncha", "fail_sample": "xuncha", "ask_return": "chuzhi", "withdraw_return": "chuzhi",
    "approve_return": "paiqian", "refuse_return": "paiqian", "uphold_return": "zhibanzhang",
    "overrule_return": "zhibanzhang", "forward": "chuzhi", "reassign": "paiqian", "add_support": "paiqian",
    "release_support": "paiqian", "finish_support": "chuzhi", "ask_extend": "chuzhi",
    "withdraw_extend": "chuzhi", "endorse_extend": "fuzeren", "decline_extend": "fuzeren",
    "approve_extend": "paiqian", "refuse_extend": "paiqian", "ask_suspend": "chuzhi",
    "withdraw_suspend": "chuzhi", "approve_suspend": "paiqian", "refuse_suspend": "paiqian",
    "resume": "paiqian", "ask_void": "paiqian", "withdraw_void": "paiqian", "approve_void": "zhibanzhang",
    "refuse_void": "zhibanzhang", "ask_special": "paiqian", "withdraw_special": "paiqian",
    "approve_special": "zhibanzhang", "refuse_special": "zhibanzhang", "urge": "shouli",
    "answer_urge": "chuzhi", "supervise": "zhihui", "answer_supervise": "chuzhi", "ask_appeal": "chuzhi",
    "withdraw_appeal": "chuzhi", "endorse_appeal": "paiqian", "decline_appeal": "paiqian",
    "approve_appeal": "zhibanzhang", "refuse_appeal": "zhibanzhang", "bundle": "paiqian",
    "unbundle": "paiqian",
}  # fmt: skip
EVERYBODY = (
    "shouli", "zhibanzhang", "paiqian", "chuzhi", "fuzeren", "wangge", "xuncha", "zhihui", "xitong", "anquan",
    "shenji",
)  # fmt: skip
# When every test begins: Monday 10:00 in Shanghai.
BEGUN = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
# Whoever holds the very same post.
PEERS = {"wangge": ("xuncha",), "xuncha": ("wangge",)}
# The status that goes with the code of a refusal; any other is 409.
STATUS = {"same-person": 403, "not-yours": 403, "refused": 403, "not-found": 404, "invalid-input": 422}
# Sessions end after half an hour without a request.
_IDLE = timedelta(minutes=25)


class Desks:
    """Browsers of those who work: whoever was idle too long signs in again."""

    def __init__(
        self, sign_in: Callable[[str], Any], clock: FixedClock, known: dict[str, Any], choices: dict[str, str]
    ) -> None:
        self._sign_in, self._clock, self.choices = sign_in, clock, choices
        self._known: dict[str, tuple[Any, datetime]] = {who: (api, clock.now()) for who, api in known.items()}

    def __call__(self, who: str) -> Any:
        api, seen = self._known.get(who, (None, self._clock.now()))
        if api is None or self._clock.now() - seen > _IDLE:
            api = self._sign_in(who)
        self._known[who] = (api, self._clock.now())
        return api


@dataclass(frozen=True)
class Town:
    """What the tests of a file share: cookies of those who are signed in, and what pages offered."""

    cookies: dict[str, Any]
    choices: dict[str, str]


class Walker:
    """One case and those who work on it, through the API."""

    def __init__(self, receipt: dict[str, Any], sign_in: Any, resident: Any) -> None:
        self.receipt, self.sign_in, self.resident = receipt, sign_in, resident
        self.id, self.area, self.number = receipt["id"], receipt["area"], receipt["number"]
        self.address = f"/api/cases/{receipt['area']}/{receipt['id']}"
        self._seen: tuple[Any, dict[str, Any]] | None = None

    def version(self) -> int:
        """The version that every page of it shows now."""
        from shanzhi.work.cases.models import Case

        return int(Case.objects.values_list("version", flat=True).get(area=self.area, id=self.id))

    def see(self, who: str = "zhihui") -> dict[str, Any]:
        status, seen = self.sign_in(who).get(self.address)
        assert status == 200, seen
        return dict(seen)

    def _standing(self) -> dict[str, Any]:
        """What the commander sees; not read again while no step was done and no time went by."""
        now = (self.version(), settings.SHANZHI_CLOCK.now())
        if self._seen is None or self._seen[0] != now:
            self._seen = (now, self.see())
        return self._seen[1]

    def status(self, who: str) -> int:
        """Whether somebody gets to see it at all."""
        return int(self.sign_in(who).get(self.address)[0])

    def verbs(self, who: str) -> set[str]:
        return {action["verb"] for action in self.see(who)["allowed_actions"]}

    def send(self, verb: str, who: str = "", **given: Any) -> tuple[int, dict[str, Any]]:
        who = who or WHO.get(verb, "shouli")
        usual = {} if given.keys() & {"condition_id", "unit_id"} else self._usual(verb)
        body = {"version": self.version(), "note": "示例说明"} | usual | given
        status, answer = self.sign_in(who).post(f"{self.address}/actions/{verb}", body)
        return status, answer

    def _usual(self, verb: str) -> dict[str, str]:
        """What the page offers for the verb: the same for every case of the file's city."""
        field = {"file": "condition_id", "ask_return": "condition_id", "dispatch": "unit_id"}.get(verb)
        known: dict[str, str] = self.sign_in.choices
        if field and verb not in known:
            seen = self.see(WHO[verb])
            if verb == "dispatch":
                known[verb] = seen["suggestion"]["unit_id"]
            else:
                known[verb] = seen["conditions"][-1 if verb == "file" else 0]["id"]
        return {field: known[verb]} if field else {}

    def do(self, verb: str, who: str = "", **given: Any) -> dict[str, Any]:
        status, answer = self.send(verb, who, **given)
        assert status == 200, (verb, answer)
        return answer

    def walk(self, *verbs: str) -> dict[str, Any]:
        """Do verb after verb; the answer is the page after the last. Those before go by the door for many."""
        for verb in verbs[:-1]:
            one = {"area": self.area, "id": self.id, "version": self.version()}
            body = {"cases": [one], "note": "示例说明"} | self._usual(verb)
            status, answer = self.sign_in(WHO[verb]).post(f"/api/cases/many/{verb}", body)
            assert (status, answer["done"]) == (200, 1), (verb, answer)
        return self.do(verbs[-1]) if verbs else {}

    def refused(self, verb: str, code: str, who: str = "", **given: Any) -> dict[str, Any]:
        """It is refused with this code and the status that goes with it, and nothing has changed."""
        standing = self._standing()
        status, answer = self.send(verb, who, **given)
        assert answer.get("error", {}).get("code") == code, answer
        assert status == STATUS.get(code, 409) and answer["error"]["message_zh"], answer
        assert self.see() == standing
        return dict(answer["error"])

    def refused_as(self, verb: str, expected: int, who: str = "", **given: Any) -> dict[str, Any]:
        """It is refused with this status, and nothing has changed."""
        standing = self._standing()
        status, answer = self.send(verb, who, **given)
        assert status == expected, answer
        assert self.see() == standing
        return dict(answer["error"])

    def needs(
        self, verb: str, field: str, value: Any = None, who: str = "", blank: Any = None, **given: Any
    ) -> None:
        """Without the field, or with this for it, it is refused and nothing has changed."""
        standing = self._standing()
        blank = " " if field == "note" else blank
        status, answer = self.send(verb, who, **given | {field: blank if value is None else value})
        assert (status, answer.get("error", {}).get("field")) == (422, field), answer
        assert answer["error"]["code"] == ("missing-input" if value is None else "invalid-input"), answer
        assert self.see() == standing

    def only(self, verb: str, *others: str, **given: Any) -> None:
        """Who may is told so; nobody else does it, and their trying changes nothing."""
        may = {WHO[verb], *PEERS.get(WHO[verb], ()), *others}
        assert verb in self.verbs(WHO[verb])
        standing = self._standing()
        body = {"version": standing["version"], "note": "示例说明"} | given
        for who in EVERYBODY:
            if who not in may:
                status, answer = self.sign_in(who).post(f"{self.address}/actions/{verb}", body)
                assert status in (403, 404), (who, answer)
        assert self.see() == standing

    def only_the_program(self, verb: str) -> None:
        """No post does it, and none is offered it."""
        standing = self._standing()
        for who in EVERYBODY:
            status, answer = self.sign_in(who).post(
                f"{self.address}/actions/{verb}", {"version": standing["version"], "note": "示例说明"}
            )
            assert status in (403, 404), (who, answer)
        assert self.see() == standing

    def _secret(self) -> dict[str, str]:
        return {"X-Follow-Secret": self.receipt["secret"]}

    def follow(self) -> dict[str, Any]:
        return dict(self.resident.get(f"/api/follow/{self.number}", self._secret())[1])

    def told(self) -> str:
        """What the resident read last."""
        return str(self.follow()["timeline"][-1]["text_zh"])

    def rate(self, solved: bool) -> int:
        body = {"solved": solved, "stars": 1, "text": "还在"}
        return int(self.resident.post(f"/api/follow/{self.number}/rate", body, self._secret())[0])

    def clock(self, name: str) -> dict[str, Any]:
        """The last clock of that name."""
        return dict([clock for clock in self.see()["clocks"] if clock["name"] == name][-1])

    def clocks(self, name: str) -> list[str]:
        """The states of all clocks of that name, oldest first."""
        return [clock["state"] for clock in self.see()["clocks"] if clock["name"] == name]

    def queue(self, code: str, who: str) -> bool:
        """Whether it stands in a queue of somebody, and is counted there."""
        rows = self.sign_in(who).get(f"/api/cases?queue={code}&limit=100")[1]["items"]
        counts = {queue["code"]: queue["count"] for queue in self.sign_in(who).get("/api/queues")[1]}
        assert counts[code] == len(rows)
        return self.id in {row["id"] for row in rows}

    def request(self, kind: str) -> dict[str, Any]:
        """The last request of a kind."""
        return dict(next(one for one in self.see()["requests"] if one["kind"] == kind))

    def events(self) -> list[str]:
        """The verbs done so far, the report first."""
        return [event["verb"] for event in self.see()["timeline"]]


def _commits(item: pytest.Item) -> bool:
    """Whether a test commits, so that it needs a city of its own."""
    marker = item.get_closest_marker("django_db")
    return marker is None or bool(marker.kwargs.get("transaction"))


@pytest.fixture(scope="module", autouse=True)
def town(request: pytest.FixtureRequest, seeded: Seeded, django_db_blocker: Any) -> Iterator[Town | None]:
    """The demo city for all tests of a file, with everybody signed in; undone after the file.

    None where a test of the file commits: there each makes its own.
    """
    from shanzhi.edge.cli import demo

    if any(_commits(item) for item in request.session.items if item.path == request.path):
        yield None
        return
    given = {
        "PASSWORD_HASHERS": QUICK_HASHERS,
        "SHANZHI_CLOCK": FixedClock(BEGUN),
        "SHANZHI_ANONYMOUS_RATES": False,
    }
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(**given):
            seeded.bring(BEGUN)
            cookies = {}
            for who in EVERYBODY:
                client = Client()
                body = {"username": who, "password": demo.PASSWORD}
                client.post("/api/session", body, content_type="application/json")
                client.get("/api/me")
                cookies[who] = client.cookies
        yield Town(cookies, {})
        transaction.set_rollback(True)


@pytest.fixture
def city(town: Town | None, seeded: Seeded, db: None, clock: FixedClock) -> None:
    """The demo city without its sample cases."""
    if town is None:
        seeded.bring(clock.now())


@pytest.fixture
def desks(town: Town | None, sign_in: Callable[[str], Any], resident: Any, clock: FixedClock) -> Desks:
    known = {}
    for who, cookies in town.cookies.items() if town else ():
        known[who] = type(resident)()
        known[who].client.cookies = copy.deepcopy(cookies)
    return Desks(sign_in, clock, known, town.choices if town else {})


@pytest.fixture
def new_case(report: Callable[..., Any], desks: Desks, resident: Any) -> Callable[..., Walker]:
    """Report another case and go with it."""
    return lambda **given: Walker(report(**given), desks, resident)


@pytest.fixture
def case(new_case: Callable[..., Walker]) -> Walker:
    return new_case()


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the share of self-handled cases that is drawn."""
    from shanzhi.work.cases import effects, limits

    def share(value: float) -> None:
        monkeypatch.setattr(effects, "roads", lambda: replace(limits.roads(), self_handled_sample=value))

    return share


@pytest.fixture
def unit_of(city: None) -> Callable[[str], Any]:
    """A unit of the demo city by the end of its code."""
    from shanzhi.city.people.models import Unit

    return lambda code: Unit.objects.get(code=f"DEMO-{code}")


@pytest.fixture
def appoint(unit_of: Callable[[str], Any], clock: FixedClock) -> Callable[..., str]:
    """Give somebody a post more, in a unit or in the district; whoever is not there yet is enrolled."""
    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.city.people.models import Account
    from shanzhi.city.places.models import Place
    from shanzhi.edge.cli.demo import PASSWORD

    def give(username: str, post: str, unit: str = "") -> str:
        place_id, unit_id = Place.objects.get(code="510107").id, unit_of(unit).id if unit else None
        known = Account.objects.filter(username=username).first()
        on = localdate(clock.now())
        if known is None:
            post_of = people.Enrolment(username, f"示例人员 {username}", post, place_id, unit_id)
            people.enrol([post_of], PASSWORD, from_on=on, actor=SYSTEM, at=clock.now())
        else:
            people.appoint(
                known.id, post, place_id, unit_id=unit_id, from_on=on, actor=SYSTEM, at=clock.now()
            )
        return str(Account.objects.get(username=username).id)

    return give


@pytest.fixture
def fired(clock: FixedClock) -> Callable[[str], list[tuple[str, str]]]:
    """Let the clock loop come round; what fired so far for a case, as (clock, warn or breach)."""
    from shanzhi.base.clocks import actions as clocks
    from shanzhi.base.clocks.models import ClockEvent

    def fire(case_id: str) -> list[tuple[str, str]]:
        while clocks.fire_due(clock.now()):
            pass
        rows = ClockEvent.objects.filter(clock__subject_id=case_id, verb__in=["warn", "breach"])
        return sorted(rows.values_list("clock__name", "verb"))

    return fire
