"""Errors of stock."""

from shanzhi.core.kit.errors import ShanzhiError


class NotEnough(ShanzhiError):
    """More than is there and free."""

    code = "stock-not-enough"
    status = 409
    zh = "“{store}”可用的{item}只有 {free}{unit}，不足 {wanted}{unit}。"
    en = "{store} has {free} of {item} free, not {wanted}."


class NotOut(ShanzhiError):
    """More comes back, or is explained, than is out."""

    code = "stock-not-out"
    status = 409
    zh = "从“{store}”领出而未归还的{item}只有 {out}{unit}，不能记 {wanted}{unit}。"
    en = "Only {out} of {item} from {store} are out: {wanted} cannot be booked."


class StoreClosed(ShanzhiError):
    """Nothing is booked in a closed store."""

    code = "stock-store-closed"
    status = 409
    zh = "仓库“{store}”已停用。"
    en = "The store {store} is closed."


class StoreInUse(ShanzhiError):
    """A store is closed when it is empty."""

    code = "stock-store-in-use"
    status = 409
    zh = "仓库“{store}”还有结存、预留或未归还的物资，清空后才能停用。"
    en = "{store} still holds stock, reserves or goods that are out: empty it first."


class StoreCodeTaken(ShanzhiError):
    """Codes are unique."""

    code = "stock-store-code-taken"
    status = 409
    zh = "仓库编码 {code} 已被使用。"
    en = "The code {code} is taken."


class LotExpires(ShanzhiError):
    """The same lot cannot expire on two days."""

    code = "stock-lot-expires"
    status = 422
    zh = "批号“{lot}”已登记的有效期是 {known}。"
    en = "Lot {lot} is on record as expiring on {known}."
