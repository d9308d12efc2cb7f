"""A replay's way in through the HTTP interface (经接口重放): what a person's browser or phone would send."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.city.people import actions as people
from shanzhi.core.kit.clock import FileClock
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.edge.exchange.replaying import Incoming
from shanzhi.work.cases import actions as cases
from shanzhi.work.cases.models import Case
from shanzhi.work.cases.reports import secret_of

_TIMEOUT_SECONDS = 20.0


class RefusedByServer(ShanzhiError):
    """What the server refused with."""

    code = "refused-by-server"
    status = 409
    zh = "服务器拒绝：{reason}"
    en = "The server refused: {reason}"


class HttpDoor:
    """One request after another to the server at `port`, whose time the clock file tells."""

    def __init__(self, port: int, clock: FileClock) -> None:
        self._port, self._clock = port, clock
        self._line: http.client.HTTPConnection | None = None
        self._tokens: dict[UUID, str] = {}
        self._versions: dict[UUID, int] = {}

    def report(self, incoming: Incoming) -> None:
        """Send one report; sent before, it is answered with the first receipt."""
        body = {
            "id": str(incoming.id), "kind": incoming.kind_code, "text": incoming.text,
            "address": incoming.address, "place_id": str(incoming.place_id),
        }  # fmt: skip
        at = datetime.fromtimestamp(incoming.at, UTC)
        status, answer = self._send("POST", "/api/reports", body, incoming.reporter, at)
        if status not in (200, 201):
            raise RuntimeError(f"report {incoming.id}: {status} {answer}")

    def perform(self, area: str, steps: Sequence[cases.Step]) -> Sequence[Case | ShanzhiError]:
        """Send each step by itself."""
        return [self._step(area, step) for step in steps]

    def _step(self, area: str, step: cases.Step) -> Case | ShanzhiError:
        if step.actor is SYSTEM:  # what the program does by itself has no address
            self._clock.set(step.at)
            [outcome] = cases.perform_many(area, [step])
            self._versions.pop(step.case_id, None)
            return outcome
        if step.verb == "rate":
            return self._rate(area, step)
        given = step.given
        body = {
            "version": self._version(area, step.case_id), "note": given.note, "condition_id": given.condition_id,
            "unit_id": given.unit_id, "master_id": given.master_id, "assignee_id": given.assignee_id,
            "until_at": given.until_at, "photos": list(given.photos),
        }  # fmt: skip
        address = f"/api/cases/{area}/{step.case_id}/actions/{step.verb}"
        headers = {"Idempotency-Key": str(step.event_id)}
        status, answer = self._send("POST", address, body, step.actor, step.at, headers)
        if status == 200:
            self._versions[step.case_id] = answer["version"]
            return Case.objects.get(area=area, id=step.case_id)
        return self._refused(step, answer)

    def _rate(self, area: str, step: cases.Step) -> Case | ShanzhiError:
        case, said = Case.objects.get(area=area, id=step.case_id), step.given.rating
        assert said is not None
        body = {"solved": said.solved, "stars": said.stars, "text": said.text}
        headers = {"X-Follow-Secret": secret_of(area, case.id), "Idempotency-Key": str(step.event_id)}
        status, answer = self._send("POST", f"/api/follow/{case.number}/rate", body, None, step.at, headers)
        self._versions.pop(step.case_id, None)
        if status == 200:
            return Case.objects.get(area=area, id=step.case_id)
        return self._refused(step, answer)

    def _refused(self, step: cases.Step, answer: Any) -> ShanzhiError:
        self._versions.pop(step.case_id, None)
        error = RefusedByServer(reason=str(answer["error"]["code"]))
        error.code = str(answer["error"]["code"])  # type: ignore[misc]
        return error

    def _version(self, area: str, case_id: UUID) -> int:
        if case_id not in self._versions:
            with connection.cursor() as cursor:
                cursor.execute("SELECT version FROM cases_case WHERE area = %s AND id = %s", [area, case_id])
                (self._versions[case_id],) = cursor.fetchone()
        return self._versions[case_id]

    def _send(
        self, method: str, address: str, body: dict[str, Any], actor: Actor | None, at: datetime,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:  # fmt: skip
        """One request. Raises ConnectionError when there was no answer, or one of a server in trouble."""
        self._clock.set(at)
        sent = {"Content-Type": "application/json", "Connection": "keep-alive", **(headers or {})}
        if actor is not None and actor.account_id is not None:
            sent["Authorization"] = f"Bearer {self._token(actor.account_id, at)}"
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        try:
            self._line.request(method, address, json.dumps(body, default=_plain), sent)
            answer = self._line.getresponse()
            status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._line.close()
            self._line = None
            raise ConnectionError(str(error)) from error
        if status >= 500:
            raise ConnectionError(f"{address}: {status}")
        return status, json.loads(content) if content else None

    def _token(self, account_id: UUID, at: datetime) -> str:
        if account_id not in self._tokens:
            self._tokens[account_id] = people.issue_device_token(account_id, "replay", actor=SYSTEM, at=at)
        return self._tokens[account_id]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
