"""Where a signed-in browser or phone finds its stream, and the door for what it hands in."""

import msgspec
from django.conf import settings
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController
from shanzhi.edge.push import tokens


class PushConfigOut(msgspec.Struct):
    """`url` opens a stream of server-sent events within `seconds`; empty: poll instead.

    `intake` is the address of the hot doors (`…/receipts`); they take `token` for `seconds`, or a phone's own.
    """

    url: str
    seconds: int
    intake: str
    token: str


class PushConfigController(ApiController):
    """The address of the stream, with a short-lived token."""

    gate = SIGNED_IN

    def get(self) -> PushConfigOut:
        """A fresh address; ask again before each new connection."""
        base = settings.SHANZHI_PUSH_URL
        if self.actor.account_id is None:  # a partner's program
            return PushConfigOut("", tokens.SECONDS, "", "")
        token = tokens.make(str(self.actor.account_id))
        url = f"{base}?token={token}" if base else ""
        return PushConfigOut(url, tokens.SECONDS, settings.SHANZHI_INTAKE_URL, token)


urlpatterns = [path("push/config", PushConfigController.as_view(), name="push-config")]
