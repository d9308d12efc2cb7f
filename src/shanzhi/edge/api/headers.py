"""Headers that every answer carries."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def _content_policy() -> str:
    doors = (urlsplit(url) for url in (settings.SHANZHI_PUSH_URL, settings.SHANZHI_INTAKE_URL))
    others = "".join(sorted({f" {door.scheme}://{door.netloc}" for door in doors if door.netloc}))
    if settings.SHANZHI_TIANDITU_KEY:
        others += "".join(f" https://t{n}.tianditu.gov.cn" for n in range(4))
    return (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        f"connect-src 'self'{others}; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; "
        "form-action 'self'"
    )


class SecurityHeaders:
    """No framing, no sniffing, nothing from other sites, no referrer with a secret in it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = _content_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", self.policy)
        if not response.streaming:
            headers.setdefault("Content-Length", str(len(response.content)))
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "no-referrer"
        if request.path.startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")
        return response
