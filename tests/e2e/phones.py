"""Two hundred invented people with a phone each: set up by the product's own functions, heard at its hot doors."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.e2e.backstage import Backstage

AT_ONCE = 8
NEAR = 5  # of the phones stand in the community of the worker with the window
WORKER = "xingzou"
ENROLLED = """
import json
from django.conf import settings
from django.utils.timezone import localdate
from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.edge.cli.demo import PASSWORD

street, community, many, near_by, worker = given[0], given[1], int(given[2]), int(given[3]), given[4]
now = settings.SHANZHI_CLOCK.now()
micros = Place.objects.filter(level="microgrid", closed_on=None).order_by("code")
near = list(micros.filter(code__startswith=community))
far = list(micros.filter(code__startswith=street).exclude(code__startswith=community))
where = [far[n % len(far)] for n in range(many - near_by)] + [near[n % len(near)] for n in range(near_by)]
listed = [
    people.Enrolment(f"dianhua-{n + 1:03d}", f"示例网格员{n + 1}", "grid_helper", place.id)
    for n, place in enumerate(where)
]
listed.append(people.Enrolment(worker, "行走网格员", "grid_worker", near[0].id))
people.enrol(listed, PASSWORD, from_on=localdate(now), actor=SYSTEM, at=now)
names = [one.username for one in listed]
accounts = dict(Account.objects.filter(username__in=names).values_list("username", "id"))
tokens = [
    (name, people.issue_device_token(accounts[name], "示例手机", actor=SYSTEM, at=now)) for name in names
]
print(json.dumps(tokens))
"""


@dataclass(frozen=True)
class Phone:
    """A phone that is nobody's browser: it knows its token and where the hot doors are."""

    token: str
    username: str
    intake: str

    def ask(self, path: str, body: Any = None) -> Any:
        """GET, or POST of a body; what comes back."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{self.intake}/{path}", data, headers), timeout=30) as answer:
            return json.load(answer)

    def say(self, order: str, *answers: str, reason: str = "") -> list[str]:
        """Pull the order, and answer it; what the door said of each answer."""
        [mine] = self.ask(f"texts/{order}")["orders"]
        at = datetime.now(UTC).isoformat()
        items: list[dict[str, Any]] = [
            {
                "id": str(uuid4()), "area": mine["area"], "recipient": mine["recipient"], "answer": one,
                "happened_at": at,
            }
            for one in answers
        ]  # fmt: skip
        if reason:
            items[-1]["reason"] = reason
        return [one["status"] for one in self.ask("receipts", {"items": items})["items"]]

    def visit(self, items: list[dict[str, Any]]) -> list[str]:
        """What was found at some doors."""
        return [one["status"] for one in self.ask("visits", {"items": items})["items"]]


def at_once(work: Callable[[Any], Any], given: Any) -> list[Any]:
    """Do it for all, some at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, given))


def enrol(backstage: Backstage, street: str, community: str, many: int, intake: str) -> list[Phone]:
    """Enrol them in a street, the last of them the worker who gets a window."""
    tokens = backstage.do(ENROLLED, street, community, str(many), str(NEAR), WORKER)
    return [Phone(token, username, intake) for username, token in json.loads(tokens)]
