"""Errors of places."""

from shanzhi.core.kit.errors import ShanzhiError


class OutsideYourPlaces(ShanzhiError):
    """The post reaches only what lies under its own place."""

    code = "outside-your-places"
    status = 403
    zh = "“{name}”不在您岗位的管辖范围内。"
    en = "{name} is outside the places of your posts."


class ChangedLater(ShanzhiError):
    """Only the last change of a place can be taken back."""

    code = "changed-later"
    status = 409
    zh = "之后还有变更“{summary}”，请先撤回它。"
    en = "There is a later change ({summary_en}): take that back first."


class StillUsed(ShanzhiError):
    """Something hangs on a place that would vanish."""

    code = "still-used"
    status = 409
    zh = "“{name}”之下已有内容，不能撤回：{what}。"
    en = "Something belongs to {name} by now, so this cannot be taken back: {what_en}."


class CannotGoBack(ShanzhiError):
    """What has been recorded since stands against taking a change back."""

    code = "cannot-go-back"
    status = 409
    zh = "不能撤回“{name}”的变更：{why_zh}"
    en = "The change of {name} cannot be taken back: {why_en}"


class TooLargeToUndo(ShanzhiError):
    """A change of very many places is kept without its rows."""

    code = "too-large-to-undo"
    status = 409
    zh = "该变更涉及区划过多，不能整体撤回，请逐项调整。"
    en = "The change was too large to be taken back as a whole."


class BadBoundary(ShanzhiError):
    """A boundary that encloses nothing, or that is not on the earth."""

    code = "bad-boundary"
    status = 422
    zh = "边界应为 WGS-84 坐标的有效多边形（GeoJSON）。"
    en = "A boundary must be a valid polygon in WGS-84 (GeoJSON)."
