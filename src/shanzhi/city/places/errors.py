"""Errors of places."""

from shanzhi.core.kit.errors import ShanzhiError


class OutsideYourPlaces(ShanzhiError):
    """The post reaches only what lies under its own place."""

    code = "outside-your-places"
    status = 403
    zh = "“{name}”不在您岗位的管辖范围内。"
    en = "{name} is outside the places of your posts."


class BadBoundary(ShanzhiError):
    """A boundary that encloses nothing, or that is not on the earth."""

    code = "bad-boundary"
    status = 422
    zh = "边界应为 WGS-84 坐标的有效多边形（GeoJSON）。"
    en = "A boundary must be a valid polygon in WGS-84 (GeoJSON)."
