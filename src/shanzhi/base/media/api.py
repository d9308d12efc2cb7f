"""Endpoints of photos. Public: a resident has no account, and a photo's address is a hash nobody can guess."""

from http import HTTPStatus

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from dmr import Headers, Path, ResponseSpec, modify, validate
from dmr.routing import path

from shanzhi.base.access.api import PUBLIC, ApiController, clock_of
from shanzhi.base.media import actions, files, queries
from shanzhi.base.media.models import MediaFile
from shanzhi.core.kit.errors import InvalidInput


class MediaOut(msgspec.Struct):
    """A photo received in full."""

    sha256: str
    width: int
    height: int


class PartOut(msgspec.Struct):
    """How far an upload is; `media` when it is whole."""

    received: int
    media: MediaOut | None


class PartPath(msgspec.Struct):
    """The hash that the whole file will have."""

    sha256: str


class PartHeaders(msgspec.Struct):
    """Where this piece begins, and how long the whole is."""

    upload_offset: int = msgspec.field(name="Upload-Offset", default=0)
    upload_length: int = msgspec.field(name="Upload-Length", default=0)


class VariantPath(msgspec.Struct):
    """Which photo, how large."""

    sha256: str
    variant: str


def _out(found: MediaFile) -> MediaOut:
    return MediaOut(found.sha256, found.width, found.height)


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig as error:
        raise files.too_large() from error


class MediaController(ApiController):
    """Photos at once."""

    gate = PUBLIC
    anonymous_a_minute = 60

    @modify(status_code=HTTPStatus.CREATED)
    def post(self) -> MediaOut:
        """Send a photo: the request's body is the file itself."""
        return _out(actions.store(_body(self.request), clock_of(self.request).now()))


class PartController(ApiController):
    """Photos in pieces, for bad lines."""

    gate = PUBLIC
    anonymous_a_minute = 600

    def get(self, parsed_path: Path[PartPath]) -> PartOut:
        """How many bytes are here already."""
        return PartOut(actions.received(_checked(parsed_path.sha256)), None)

    @modify(status_code=HTTPStatus.OK)
    def put(self, parsed_path: Path[PartPath], parsed_headers: Headers[PartHeaders]) -> PartOut:
        """Add a piece at `Upload-Offset`; the body is its bytes."""
        has, found = actions.append(
            _checked(parsed_path.sha256), parsed_headers.upload_offset, _body(self.request),
            parsed_headers.upload_length, clock_of(self.request).now(),
        )  # fmt: skip
        return PartOut(has, _out(found) if found else None)


def _checked(sha256: str) -> str:
    if len(sha256) != 64 or any(letter not in "0123456789abcdef" for letter in sha256):
        raise InvalidInput(field="sha256", reason_zh="应为 SHA-256 值。", reason_en="It must be a SHA-256.")
    return sha256


class VariantController(ApiController):
    """Photos as they are shown."""

    gate = PUBLIC

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[VariantPath]) -> HttpResponse:
        """`shown` or `thumbnail`: upright JPEG without position or other metadata."""
        content = queries.read(parsed_path.sha256, parsed_path.variant)
        response = HttpResponse(content, content_type="image/jpeg")
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        return response


urlpatterns = [
    path("media", MediaController.as_view(), name="media"),
    path("media/<str:sha256>", PartController.as_view(), name="media-part"),
    path("media/<str:sha256>/<str:variant>", VariantController.as_view(), name="media-file"),
]
