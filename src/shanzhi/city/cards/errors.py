"""Errors of cards."""

from shanzhi.core.kit.errors import ShanzhiError


class NoBoard(ShanzhiError):
    """A place above the community, which has no board."""

    code = "no-board"
    status = 422
    zh = "“{name}”没有公示牌：公示牌属于社区、网格和微网格。"
    en = "{name} has no notice board: communities, grids and micro-grids have one."


class NotOnBoard(ShanzhiError):
    """A post that does not stand on this board."""

    code = "not-on-board"
    status = 404
    zh = "该岗位不在这块公示牌上，请刷新后重试。"
    en = "This post is not on the board: reload and try again."


class NothingToShow(ShanzhiError):
    """To be shown without a telephone and without a photo."""

    code = "nothing-to-show"
    status = 422
    zh = "没有电话也没有照片，无可公示：请填写其一，或选择不公示。"
    en = "There is neither a telephone nor a photo to show: give one, or choose not to show."


class TooManyCards(ShanzhiError):
    """More than one file should hold."""

    code = "too-many-cards"
    status = 422
    zh = "一次最多制作 {most} 张，这里有 {count} 张：请选择下一级，或减少份数。"
    en = "One file holds at most {most}, these are {count}: choose a place further down, or fewer copies."
