"""The two shells of the front end, and the answers to addresses that do not exist."""

from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.html import escape

from shanzhi.base.access.api import error_response
from shanzhi.core.kit.errors import NotFound, ShanzhiError

_NOT_BUILT = (
    '<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>善治</title>'
    "<p>前端尚未构建：请在项目目录运行 <code>make run</code>。</p>"
    "<p>The front end is not built yet: run <code>make run</code> in the project.</p></html>"
)


class Broken(ShanzhiError):
    """Something failed on our side."""

    code = "internal-error"
    status = 500
    zh = "系统出错，已记录；请稍后重试，已填写的内容不会丢失。"
    en = "Something failed on our side and was recorded; try again later, what you entered is kept."


# What a shell says of its city, as it is built and as it is served.
_KEY_PLACE = '<meta name="shanzhi-tianditu" content="" />'
_ZONE_PLACE = '<meta name="shanzhi-time-zone" content="Asia/Shanghai" />'


def _shell(name: str) -> HttpResponse:
    path = settings.FRONTEND / name
    if not path.exists():
        return HttpResponse(_NOT_BUILT, status=503)
    shell = path.read_text("utf-8")
    shell = shell.replace(_KEY_PLACE, _KEY_PLACE.replace('""', f'"{escape(settings.SHANZHI_TIANDITU_KEY)}"'))
    shell = shell.replace(_ZONE_PLACE, _ZONE_PLACE.replace("Asia/Shanghai", escape(settings.TIME_ZONE)))
    response = HttpResponse(shell)
    response["Cache-Control"] = "no-cache"
    return response


def desk(request: HttpRequest) -> HttpResponseBase:
    """The shell of the desks (工作台), with the key of the base map when the city has one, and the city's time."""
    return _shell("index.html")


def resident(request: HttpRequest) -> HttpResponseBase:
    """The shell of the resident's pages (市民端)."""
    return _shell("resident.html")


def offline_worker(request: HttpRequest) -> HttpResponseBase:
    """The script that lets the desk open without a network; at the root, so that it may serve the root."""
    path = settings.FRONTEND / "sw.js"
    if not path.exists():
        return not_found(request)
    response = FileResponse(path.open("rb"), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404 in the shape of every other error."""
    return error_response(request, NotFound())


def broken(request: HttpRequest) -> HttpResponse:
    """500 without a trace of where."""
    return error_response(request, Broken())
