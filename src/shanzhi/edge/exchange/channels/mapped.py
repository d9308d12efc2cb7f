"""SMS and calls over HTTP (短信、语音 HTTP 接口), as the configuration's mapping describes the provider's form.

Fields of reports known from public pages: 阿里云 SmsReport and SmsUp (a JSON list with `biz_id`, `success`,
`err_code`, `phone_number`, `content`), 云片 (form field `sms_status`), 阿里云 voice reports (`call_id`, `dtmf`).
These pages were read in copies; no provider was tried.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from shanzhi.base.messaging.channels import Answer, Arrived, Letter, Outcome, Report
from shanzhi.core.kit.clock import Clock
from shanzhi.edge.exchange.channels.base import ConfiguredChannel, left, sentence
from shanzhi.edge.exchange.channels.calls import Caller, Pool, Unanswered, missed, read_object
from shanzhi.edge.exchange.channels.mapping import Answers, Reports, Signing, fill, look, plain


class MappedChannel(ConfiguredChannel):
    """One call for each message, `connections` at a time. The address is the telephone number.

    Holes: {phone} {text} {link} {sentence} {id} {time} {time_ms} {nonce}, the configured secrets by their names, and
    {body} in a signature that goes into a header.
    """

    def __init__(
        self, code: str, *, url: str, fields: Mapping[str, Any], answers: Answers, clock: Clock, body: str = "json",
        headers: Mapping[str, str] | None = None, signing: Signing | None = None, reports: Reports | None = None,
        secret_values: Mapping[str, str] | None = None, rate_per_second: float = 100.0, connections: int = 16,
        timeout_seconds: float = 5,
    ) -> None:  # fmt: skip
        batch = 4 * connections
        super().__init__(
            code, rate_per_second=rate_per_second, batch_size=batch, timeout_seconds=timeout_seconds
        )
        self._caller, self._pool, self._clock = Caller(url, timeout_seconds), Pool(connections), clock
        self._fields, self._answers, self._form = fields, answers, body == "form"
        self._headers, self._signing, self._reports = dict(headers or {}), signing, reports
        self._secrets = dict(secret_values or {})

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """The outcomes in the order of the letters."""
        until = self.deadline()
        return self._pool.each(
            lambda one: self._one(one) if time.monotonic() < until else left([one])[0], letters
        )

    def close(self) -> None:
        """End the threads."""
        self._pool.close()

    def _one(self, letter: Letter) -> Outcome:
        try:
            answer = read_object(*self._caller.call("POST", "", *self._request(letter)))
        except Unanswered as error:
            return missed([letter], error)[0]
        rules = self._answers
        ok, code = plain(look(answer, rules.ok)), plain(look(answer, rules.code))
        if not ok:
            return missed([letter], Unanswered("unreachable", "unreadable-answer"))[0]
        if ok in rules.ok_values:
            id = plain(look(answer, rules.id)) or str(letter.id)
            return Outcome(letter, "accepted", (id,))
        return Outcome(letter, "refused", code=code or ok, retriable=(code or ok) in rules.retriable)

    def _request(self, letter: Letter) -> tuple[bytes, dict[str, str]]:
        seconds = self._clock.now().timestamp()
        values = self._secrets | {
            "phone": letter.address, "text": letter.text, "link": letter.link, "sentence": sentence(letter),
            "id": str(letter.id), "time": str(int(seconds)), "time_ms": str(int(seconds * 1000)),
            "nonce": secrets.token_hex(8),
        }  # fmt: skip
        fields = fill(self._fields, values)
        if self._signing and self._signing.field:
            fields[self._signing.field] = self._signing.sign(values)
        body = self._encode(fields)
        headers = fill(self._headers, values)
        kind = "application/x-www-form-urlencoded" if self._form else "application/json"
        headers["Content-Type"] = f"{kind}; charset=utf-8"
        if self._signing and self._signing.header:
            headers[self._signing.header] = self._signing.sign(values | {"body": body.decode()})
        return body, headers

    def _encode(self, fields: Mapping[str, Any]) -> bytes:
        if not self._form:
            return json.dumps(fields, ensure_ascii=False).encode()
        flat = {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in fields.items()
        }
        return urlencode(flat).encode()

    def arrived(self, body: bytes, content_type: str, now: datetime) -> Arrived:
        """What a pushed report says. Raises InvalidInput when it cannot be read; items without an id are left out."""
        rules = self._reports
        reports: list[Report] = []
        answers: list[Answer] = []
        if rules is None:
            return Arrived()
        for item in rules.read(body, content_type):
            id = plain(look(item, rules.id)) if rules.id else ""
            state, code = plain(look(item, rules.state)), plain(look(item, rules.code))
            if id and rules.state and state in rules.delivered:
                reports.append(Report(id, "delivered", now))
            elif id and rules.state and state and (not rules.failed or state in rules.failed):
                reports.append(Report(id, "failed", now, code or state))
            pressed = plain(look(item, rules.key)) if rules.key else ""
            if id and pressed:
                answers.append(Answer(f"{id}/key", rules.keys.get(pressed, pressed), now, about=id))
            text = plain(look(item, rules.text)) if rules.text else ""
            sender = plain(look(item, rules.sender)) if rules.sender else ""
            if text and sender:
                whole = json.dumps(item, sort_keys=True, ensure_ascii=False).encode()
                answers.append(Answer(hashlib.sha256(whole).hexdigest(), text, now, address=sender))
        return Arrived(reports, answers)
