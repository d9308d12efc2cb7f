"""A person who works through the API: sets up what a browser test begins with, fast and as in real work."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from playwright.sync_api import Playwright

PASSWORD = "Shanzhi-2026"
LON, LAT = 104.0312, 30.6312


class Person:
    """A signed-in person, or a resident when no name is given."""

    def __init__(self, playwright: Playwright, address: str, username: str = "") -> None:
        self.asking = playwright.request.new_context(base_url=address)
        self.asking.get("/api/me")
        if username:
            self._post("/api/session", {"username": username, "password": PASSWORD})

    def _post(self, path: str, data: dict[str, Any]) -> Any:
        state = self.asking.storage_state()
        token = next((c["value"] for c in state["cookies"] if c["name"] == "csrftoken"), "")
        answer = self.asking.post(path, data=data, headers={"X-CSRFToken": token})
        assert answer.ok, f"{path}: {answer.status} {answer.text()}"
        return answer.json() if answer.body() else None

    def report(self, kind: str, text: str, address: str, step: float = 0.0) -> dict[str, Any]:
        """A report; `step` moves it away from the others, in degrees."""
        return dict(
            self._post(
                "/api/reports",
                {
                    "id": str(uuid4()), "kind": kind, "text": text, "address": address,
                    "lon": LON + step, "lat": LAT,
                },
            )
        )  # fmt: skip

    def case(self, receipt: dict[str, Any]) -> dict[str, Any]:
        """The case as this person sees it."""
        answer = self.asking.get(f"/api/cases/{receipt['area']}/{receipt['id']}")
        assert answer.ok, answer.text()
        return dict(answer.json())

    def act(self, receipt: dict[str, Any], verb: str, **given: Any) -> dict[str, Any]:
        """One verb; what it needs is taken from what the case offers, unless given."""
        case = self.case(receipt)
        if verb == "file" or verb == "ask_return":
            given.setdefault("condition_id", case["conditions"][-1]["id"])
        if verb == "dispatch":
            given.setdefault("unit_id", case["suggestion"]["unit_id"])
        path = f"/api/cases/{receipt['area']}/{receipt['id']}/actions/{verb}"
        return dict(self._post(path, {"version": case["version"], **given}))


class Team:
    """The people of the demo city, each signed in once."""

    WHO = {
        "accept": "shouli", "file": "zhibanzhang", "dispatch": "paiqian", "sign": "chuzhi", "handle": "chuzhi",
        "feed_back": "chuzhi", "inspect": "wangge", "close": "zhibanzhang",
    }  # fmt: skip

    def __init__(self, playwright: Playwright, address: str) -> None:
        self.playwright, self.address = playwright, address
        self.people: dict[str, Person] = {}

    def __getitem__(self, username: str) -> Person:
        if username not in self.people:
            self.people[username] = Person(self.playwright, self.address, username)
        return self.people[username]

    def walk(self, receipt: dict[str, Any], *verbs: str) -> None:
        """The straight road, as far as it is named."""
        for verb in verbs:
            note = {"note": "已处理。"} if verb in ("handle", "feed_back") else {}
            self[self.WHO[verb]].act(receipt, verb, **note)

    def close(self) -> None:
        """End all sessions."""
        for one in self.people.values():
            one.asking.dispose()
