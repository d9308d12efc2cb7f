"""Where providers push receipts and replies (回执推送)."""

import hmac
import json
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from dmr import Path, ResponseSpec, validate
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.messaging import actions
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.edge.exchange.channels import configuration
from shanzhi.edge.exchange.channels.mapped import MappedChannel
from shanzhi.edge.exchange.channels.mapping import Signing

MOST_BYTES = 1_000_000
_DEFAULT_ANSWER = {"code": 0, "msg": "ok"}


class ChannelPath(msgspec.Struct):
    """Whose report it is."""

    code: str


class ReportController(ApiController):
    """Reports of providers. The gate is public; the secret of the channel stands behind it."""

    gate = PUBLIC

    @validate(ResponseSpec(dict[str, Any], status_code=HTTPStatus.OK), validate_responses=False)
    def post(self, parsed_path: Path[ChannelPath]) -> HttpResponse:
        """Take in a report. 404 for a channel that takes none and for a wrong secret alike."""
        code = parsed_path.code
        guard = configuration.guard_of(code)
        if guard is None:
            raise NotFound
        body = self._body()
        self._prove(guard, body)
        clock = clock_of(self.request)
        channel = configuration.build(code, configuration.read()[code], clock)
        try:
            if not isinstance(channel, MappedChannel):
                raise NotFound
            now = clock.now()
            came = channel.arrived(body, self.request.content_type or "", now)
        finally:
            channel.close()
        actions.receipts(code, came.reports, now)
        actions.replies(code, came.answers, now)
        answer = _DEFAULT_ANSWER if guard.answer is None else guard.answer
        if isinstance(answer, str):
            return HttpResponse(answer, content_type="text/plain; charset=utf-8")
        return HttpResponse(json.dumps(answer, ensure_ascii=False), content_type="application/json")

    def _body(self) -> bytes:
        try:
            body: bytes = self.request.body
        except RequestDataTooBig as error:
            raise _too_large() from error
        if len(body) > MOST_BYTES:
            raise _too_large()
        return body

    def _prove(self, guard: configuration.Guard, body: bytes) -> None:
        """Compare in constant time. Raises NotFound."""
        said = (
            self.request.headers.get(guard.header, "")
            if guard.header
            else self.request.GET.get(guard.query, "")
        )
        wanted = guard.secret
        if guard.method:
            method, _, encoding = guard.method.partition("/")
            signing = Signing(method, "{body}", "{key}", encoding or "hex", header="x")
            wanted = signing.sign({"body": body.decode("utf-8", "surrogateescape"), "key": guard.secret})
        if not hmac.compare_digest(said.encode(), wanted.encode()):
            raise NotFound


def _too_large() -> InvalidInput:
    return InvalidInput(reason_zh="回执过大。", reason_en="The report is too large.")


urlpatterns = [path("channels/<str:code>/report", ReportController.as_view(), name="channel-report")]
