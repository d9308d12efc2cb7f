"""The interface as OpenAPI. It is made at the first request for it: no process waits for it when it starts."""

from functools import cache
from typing import cast

from django.http import HttpRequest, HttpResponseBase
from dmr.openapi import OpenAPIConfig, build_schema
from dmr.openapi.openapi import OpenAPI
from dmr.openapi.views import OpenAPIJsonView, SwaggerView


@cache
def schema() -> OpenAPI:
    """All addresses of the program, described."""
    from shanzhi.edge.api.urls import router

    return build_schema(
        router,
        config=OpenAPIConfig(
            title="善治 Shanzhi",
            version="0.1.0",
            description="网格平台接口。错误一律为 {error: {code, message, message_zh, message_en, field, params}}。",
        ),
    )


def as_json(request: HttpRequest) -> HttpResponseBase:
    """The description for programs (not checked against the standard for whoever asks first: tests do that)."""
    return cast(HttpResponseBase, OpenAPIJsonView.as_view(schema(), skip_validation=True)(request))


def for_people(request: HttpRequest) -> HttpResponseBase:
    """The description as pages."""
    return cast(HttpResponseBase, SwaggerView.as_view(schema(), skip_validation=True)(request))
