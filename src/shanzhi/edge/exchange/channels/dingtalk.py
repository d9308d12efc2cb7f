"""DingTalk work notifications (钉钉工作通知).

Format: 钉钉开放平台 "获取企业内部应用的access_token" (`/gettoken`), "发送工作通知" (`asyncsend_v2`),
"获取工作通知消息的发送结果" (`getsendresult`), and its global error codes. Read in copies of these pages; not tried
against the real service. One text reaches a user once a day: the provider drops it silently the second time, so a
text should differ from order to order.
"""

import time
from collections.abc import Sequence
from urllib.parse import urlencode

from shanzhi.base.messaging.addresses import digest
from shanzhi.base.messaging.channels import Arrived, Letter, Outcome, Report
from shanzhi.core.kit.clock import Clock
from shanzhi.edge.exchange.channels.base import ConfiguredChannel, left
from shanzhi.edge.exchange.channels.calls import Caller, Pool, Unanswered, missed
from shanzhi.edge.exchange.channels.wecom import Token

BASE_URL = "https://oapi.dingtalk.com"
MOST_USERS = 100
CONNECTIONS = 8
TOKEN_CODES = {"40014", "42001", "33001"}
# -1: busy. 90018, 143103, 143104: too many a minute.
RETRIABLE_CODES = {"-1", "90018", "143103", "143104"}
_RESULTS = {
    "invalid_user_id_list": "failed", "failed_user_id_list": "failed", "forbidden_user_id_list": "failed",
    "read_user_id_list": "delivered", "unread_user_id_list": "delivered",
}  # fmt: skip


class DingTalkChannel(ConfiguredChannel):
    """Messages of the same text go out together, up to 100 users a task; the address is the userid.

    The provider's id of one message is the task's and a keyed hash of the userid, for no userid may lie in the clear.
    """

    asks = True
    collect_every_seconds = 5.0

    def __init__(
        self, code: str, *, app_key: str, app_secret: str, agent_id: int, clock: Clock, base_url: str = BASE_URL,
        title: str = "善治", rate_per_second: float = 80.0, batch_size: int = 500, timeout_seconds: float = 10,
    ) -> None:  # fmt: skip
        super().__init__(
            code, rate_per_second=rate_per_second, batch_size=batch_size, timeout_seconds=timeout_seconds
        )
        self._caller, self._pool = Caller(base_url, timeout_seconds), Pool(CONNECTIONS)
        self._clock = clock
        self._agent_id, self._title = agent_id, title
        credentials = urlencode({"appkey": app_key, "appsecret": app_secret})
        self._token = Token(self._caller, f"/gettoken?{credentials}", clock)

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        """One task for each text and hundred users."""
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
            lambda call: self._task(call) if time.monotonic() < until else left(call), calls
        )
        return [outcome for call in made for outcome in call]

    def close(self) -> None:
        """End the threads."""
        self._pool.close()

    def _task(self, letters: list[Letter]) -> list[Outcome]:
        first = letters[0]
        message: dict[str, object] = {"msgtype": "text", "text": {"content": first.text}}
        if first.link:
            card = {
                "title": self._title, "markdown": first.text, "single_title": "查看", "single_url": first.link,
            }  # fmt: skip
            message = {"msgtype": "action_card", "action_card": card}
        body = {
            "agent_id": self._agent_id,
            "userid_list": ",".join(one.address for one in letters),
            "msg": message,
        }
        try:
            answer = self._post("asyncsend_v2", body)
        except Unanswered as error:
            return missed(letters, error)
        code, task = str(answer.get("sub_code") or answer.get("errcode")), answer.get("task_id")
        if answer.get("errcode") == 0 and isinstance(task, int | str):
            return [Outcome(one, "accepted", (f"{task}/{digest(one.address)}",)) for one in letters]
        if not isinstance(answer.get("errcode"), int) or answer.get("errcode") == 0:
            return missed(letters, Unanswered("unreachable", "unreadable-answer"))
        again = code in RETRIABLE_CODES or code in TOKEN_CODES
        return [Outcome(one, "refused", code=code, retriable=again) for one in letters]

    def _post(self, name: str, body: dict[str, object]) -> dict[str, object]:
        for _ in range(2):
            token = self._token.get()
            answer = self._caller.post_json(
                f"/topapi/message/corpconversation/{name}?access_token={token}", body
            )
            if str(answer.get("sub_code") or answer.get("errcode")) not in TOKEN_CODES:
                break
            self._token.forget(token)
        return answer

    def collect(self, waiting: Sequence[str]) -> Arrived:
        """Ask for the results of tasks that still wait. A task that cannot be asked for is asked again later."""
        now, found = self._clock.now(), []
        for task in dict.fromkeys(id.partition("/")[0] for id in waiting):
            try:
                number = int(task)
                answer = self._post("getsendresult", {"agent_id": self._agent_id, "task_id": number})
            except (Unanswered, ValueError):
                continue
            result = answer.get("send_result")
            for name, state in _RESULTS.items():
                users = (result.get(name) or []) if isinstance(result, dict) else []
                if isinstance(users, list):
                    code = "" if state == "delivered" else name.removesuffix("_user_id_list")
                    found += [Report(f"{task}/{digest(str(one))}", state, now, code) for one in users]
        return Arrived(found)
