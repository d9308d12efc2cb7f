"""One case and those who work on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

WHO = {
    "accept": "shouli", "ask_verify": "shouli",
    "file": "zhibanzhang", "dispatch": "paiqian", "sign": "chuzhi", "handle": "chuzhi",
    "feed_back": "chuzhi", "inspect": "wangge", "close": "zhibanzhang", "reject": "shouli",
    "decline": "zhibanzhang", "ask_return": "chuzhi", "approve_return": "paiqian", "refuse_return": "paiqian",
    "rework": "wangge", "reopen": "paiqian", "reopen_unfiled": "paiqian", "verify_true": "wangge",
    "verify_untrue": "wangge", "merge": "shouli", "unmerge": "shouli", "self_handle": "wangge",
    "confirm_self": "shouli", "doubt_self": "shouli", "pass_sample": "xuncha", "fail_sample": "xuncha",
    "uphold_return": "zhibanzhang", "overrule_return": "zhibanzhang", "withdraw_return": "chuzhi",
    "forward": "chuzhi", "reassign": "paiqian", "add_support": "paiqian", "release_support": "paiqian",
    "finish_support": "chuzhi", "ask_extend": "chuzhi", "withdraw_extend": "chuzhi", "endorse_extend": "fuzeren",
    "decline_extend": "fuzeren", "approve_extend": "paiqian", "refuse_extend": "paiqian",
    "ask_suspend": "chuzhi", "approve_suspend": "paiqian", "refuse_suspend": "paiqian", "resume": "paiqian",
    "ask_void": "paiqian", "approve_void": "zhibanzhang", "refuse_void": "zhibanzhang",
    "ask_special": "paiqian", "approve_special": "zhibanzhang", "refuse_special": "zhibanzhang",
    "urge": "shouli", "answer_urge": "chuzhi", "supervise": "zhihui", "answer_supervise": "chuzhi",
    "ask_appeal": "chuzhi", "endorse_appeal": "paiqian", "decline_appeal": "paiqian",
    "approve_appeal": "zhibanzhang", "refuse_appeal": "zhibanzhang", "bundle": "paiqian", "unbundle": "paiqian",
}  # fmt: skip
EVERYBODY = sorted(set(WHO.values()) | {"zhihui", "xitong", "anquan", "shenji"})
PEERS = {"wangge": ("xuncha",), "xuncha": ("wangge",)}
TO_UNIT = ("accept", "file", "dispatch")
TO_CLOSE = (*TO_UNIT, "sign", "handle", "feed_back", "inspect", "close")


class Walker:
    """One case and those who work on it."""

    def __init__(self, receipt: dict[str, Any], sign_in: Callable[..., Any], resident: Any) -> None:
        self.receipt, self.sign_in, self.resident = receipt, sign_in, resident
        self.id = receipt["id"]
        self.address = f"/api/cases/{receipt['area']}/{receipt['id']}"

    def see(self, who: str = "zhihui") -> dict[str, Any]:
        status, seen = self.sign_in(who).get(self.address)
        assert status == 200, seen
        return dict(seen)

    def verbs(self, who: str) -> set[str]:
        return {action["verb"] for action in self.see(who)["allowed_actions"]}

    def send(self, verb: str, who: str = "", **given: Any) -> tuple[int, dict[str, Any]]:
        who = who or WHO.get(verb, "shouli")
        body = {"note": "示例说明"} | given
        if "version" not in body:
            body["version"] = self.see()["version"]
        if verb in ("file", "ask_return") and "condition_id" not in given and who == WHO[verb]:
            rules = self.see(WHO[verb])["conditions"]
            body["condition_id"] = rules[-1 if verb == "file" else 0]["id"] if rules else None
        if verb == "dispatch" and "unit_id" not in given and who == WHO[verb]:
            body["unit_id"] = self.see(WHO[verb])["suggestion"]["unit_id"]
        status, answer = self.sign_in(who).post(f"{self.address}/actions/{verb}", body)
        return status, answer

    def do(self, verb: str, who: str = "", **given: Any) -> dict[str, Any]:
        status, answer = self.send(verb, who, **given)
        assert status == 200, (verb, answer)
        return answer

    def walk(self, *verbs: str) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        for verb in verbs:
            answer = self.do(verb)
        return answer

    def refused(self, verb: str, code: str, who: str = "", **given: Any) -> None:
        """It is refused with this code, or for this field, and nothing has changed."""
        standing = self.see()
        status, answer = self.send(verb, who, **given)
        assert status in (403, 404, 409, 422), answer
        assert code in (answer["error"]["code"], answer["error"]["field"]), answer
        assert self.see() == standing

    def only(self, verb: str, *others: str, **given: Any) -> None:
        """Nobody but who may does it; trying changes nothing."""
        standing = self.see()
        given = {"version": standing["version"]} | given
        for who in EVERYBODY:
            if who not in {WHO[verb], *PEERS.get(WHO[verb], ()), *others}:
                status, answer = self.send(verb, who=who, **given)
                assert status in (403, 404), (who, answer)
        assert self.see() == standing

    def _secret(self) -> dict[str, str]:
        return {"X-Follow-Secret": self.receipt["secret"]}

    def follow(self) -> dict[str, Any]:
        return dict(self.resident.get(f"/api/follow/{self.receipt['number']}", self._secret())[1])

    def told(self) -> str:
        """What the resident read last."""
        return str(self.follow()["timeline"][-1]["text_zh"])

    def rate(self, solved: bool) -> int:
        address = f"/api/follow/{self.receipt['number']}/rate"
        body = {"solved": solved, "stars": 1, "text": "还在"}
        return int(self.resident.post(address, body, self._secret())[0])

    def clock(self, name: str) -> dict[str, Any]:
        return dict([clock for clock in self.see()["clocks"] if clock["name"] == name][-1])

    def queue(self, code: str, who: str) -> bool:
        """Whether it stands in a queue of somebody, and is counted there."""
        rows = self.sign_in(who).get(f"/api/cases?queue={code}&limit=100")[1]["items"]
        counts = {queue["code"]: queue["count"] for queue in self.sign_in(who).get("/api/queues")[1]}
        assert counts[code] == len(rows)
        return self.id in {row["id"] for row in rows}

    def request(self, kind: str) -> dict[str, Any]:
        return dict(next(one for one in self.see()["requests"] if one["kind"] == kind))


@pytest.fixture
def new_case(report: Callable[..., Any], sign_in: Callable[..., Any], resident: Any) -> Callable[..., Walker]:
    """Report another case and go with it."""
    return lambda **given: Walker(report(**given), sign_in, resident)


@pytest.fixture
def case(new_case: Callable[..., Walker]) -> Walker:
    return new_case()


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the share of self-handled cases that is drawn."""
    from dataclasses import replace

    from shanzhi.work.cases import effects, limits

    def share(value: float) -> None:
        monkeypatch.setattr(effects, "roads", lambda: replace(limits.roads(), self_handled_sample=value))

    return share


@pytest.fixture
def unit_of(city: None) -> Callable[[str], Any]:
    """A unit of the demo city by the end of its code."""
    from shanzhi.city.people.models import Unit

    return lambda code: Unit.objects.get(code=f"DEMO-{code}")
