"""WeCom application messages (企业微信应用消息), and 政务微信, which speaks the same on a host of its own.

Format: 企业微信开发者中心 "获取access_token" (`/cgi-bin/gettoken`) and "发送应用消息" (`/cgi-bin/message/send`), and
its list of global return codes. Read in copies of these pages; not tried against the real service, and 政务微信's
hosts were not verifiable at all. WeCom sends no delivery receipts: a message stays `sent`.
"""

import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from shanzhi.base.messaging.channels import Letter, Outcome
from shanzhi.core.kit.clock import Clock
from shanzhi.edge.exchange.channels.base import ConfiguredChannel, left
from shanzhi.edge.exchange.channels.calls import Caller, Pool, Unanswered, missed

BASE_URL = "https://qyapi.weixin.qq.com"
MOST_USERS = 1000
CONNECTIONS = 8
TOKEN_CODES = {40014, 41001, 42001}
# -1: busy. 45009: called too often. 45033: too many at once.
RETRIABLE_CODES = {-1, 45009, 45033}
NOBODY = 81013  # all receivers are invalid
_EARLY_SECONDS = 300


class Token:
    """An access token, fetched when needed and kept until shortly before it ends. Shared by WeCom and DingTalk."""

    def __init__(self, caller: Caller, path: str, clock: Clock) -> None:
        self._caller, self._path, self._clock = caller, path, clock
        self._lock = threading.Lock()
        self._value, self._until = "", datetime.min

    def get(self) -> str:
        """The token. Raises Unanswered; `code` is the provider's when it refused the credentials."""
        with self._lock:
            now = self._clock.now().replace(tzinfo=None)
            if not self._value or now >= self._until:
                answer = self._caller.get_json(self._path)
                if answer.get("errcode", 0) != 0 or not isinstance(answer.get("access_token"), str):
                    raise Unanswered("unreachable", f"token-{answer.get('errcode')}")
                seconds = max(60, int(answer.get("expires_in", 7200)) - _EARLY_SECONDS)
                self._value, self._until = answer["access_token"], now + timedelta(seconds=seconds)
            return self._value

    def forget(self, value: str) -> None:
        """Fetch another next time, unless somebody has already."""
        with self._lock:
            if self._value == value:
                self._value = ""


class WeComChannel(ConfiguredChannel):
    """Messages of the same text go out together, up to 1,000 users a call; the address is the userid."""

    def __init__(
        self, code: str, *, corp_id: str, corp_secret: str, agent_id: int, clock: Clock, base_url: str = BASE_URL,
        title: str = "善治", rate_per_second: float = 200.0, batch_size: int = MOST_USERS,
        timeout_seconds: float = 10,
    ) -> None:  # fmt: skip
        super().__init__(
            code, rate_per_second=rate_per_second, batch_size=batch_size, timeout_seconds=timeout_seconds
        )
        self._caller, self._pool = Caller(base_url, timeout_seconds), Pool(CONNECTIONS)
        self._agent_id, self._title = agent_id, title
        credentials = urlencode({"corpid": corp_id, "corpsecret": corp_secret})
        self._token = Token(self._caller, f"/cgi-bin/gettoken?{credentials}", clock)

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """One call for each text. Users named in the answer as invalid or unlicensed fail, the others are sent."""
        groups: dict[tuple[str, str], list[Letter]] = {}
        for letter in letters:
            groups.setdefault((letter.text, letter.link), []).append(letter)
        calls = [
            group[start : start + MOST_USERS]
            for group in groups.values()
            for start in range(0, len(group), MOST_USERS)
        ]
        until = self.deadline()
        made = self._pool.each(
            lambda call: self._call(call) if time.monotonic() < until else left(call), calls
        )
        return [outcome for call in made for outcome in call]

    def close(self) -> None:
        """End the threads."""
        self._pool.close()

    def _call(self, letters: list[Letter]) -> list[Outcome]:
        try:
            answer = self._post(self._body(letters))
        except Unanswered as error:
            return missed(letters, error)
        code = answer.get("errcode")
        if code == 0 and isinstance(answer.get("msgid", ""), str):
            refused = _names(answer.get("invaliduser")) | _names(answer.get("unlicenseduser"))
            id = str(answer.get("msgid", ""))
            return [
                Outcome(one, "refused", code="invalid-user")
                if one.address.lower() in refused
                else Outcome(one, "accepted", (id,) if id else ())
                for one in letters
            ]
        if not isinstance(code, int):
            return missed(letters, Unanswered("unreachable", "unreadable-answer"))
        if code == NOBODY:
            return [Outcome(one, "refused", code="invalid-user") for one in letters]
        again = code in RETRIABLE_CODES or code in TOKEN_CODES
        return [Outcome(one, "refused", code=str(code), retriable=again) for one in letters]

    def _post(self, body: dict[str, object]) -> dict[str, object]:
        """Send; with a token that the provider no longer takes, once more with a fresh one."""
        for _ in range(2):
            token = self._token.get()
            answer = self._caller.post_json(f"/cgi-bin/message/send?access_token={token}", body)
            if answer.get("errcode") not in TOKEN_CODES:
                break
            self._token.forget(token)
        return answer

    def _body(self, letters: Sequence[Letter]) -> dict[str, object]:
        first = letters[0]
        shown: dict[str, object] = {"msgtype": "text", "text": {"content": first.text}}
        if first.link:
            # A card's description ends at 512 bytes.
            card = {"title": self._title, "description": _cut(first.text, 512), "url": first.link}
            shown = {"msgtype": "textcard", "textcard": card}
        return {
            "touser": "|".join(one.address for one in letters), "agentid": self._agent_id,
            "enable_duplicate_check": 1, "duplicate_check_interval": 1800, **shown,
        }  # fmt: skip


def _names(value: object) -> set[str]:
    return {name.lower() for name in value.split("|") if name} if isinstance(value, str) else set()


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
