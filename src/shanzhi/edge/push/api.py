"""Where a signed-in browser finds its stream."""

import msgspec
from django.conf import settings
from dmr.routing import path

from shanzhi.base.access.api import SIGNED_IN, ApiController
from shanzhi.edge.push import tokens


class PushConfigOut(msgspec.Struct):
    """`url` opens a stream of server-sent events within `seconds`; empty: poll instead."""

    url: str
    seconds: int


class PushConfigController(ApiController):
    """The address of the stream, with a short-lived token."""

    gate = SIGNED_IN

    def get(self) -> PushConfigOut:
        """A fresh address; ask again before each new connection."""
        base = settings.SHANZHI_PUSH_URL
        token = tokens.make(str(self.actor.account_id))
        return PushConfigOut(f"{base}?token={token}" if base else "", tokens.SECONDS)


urlpatterns = [path("push/config", PushConfigController.as_view(), name="push-config")]
