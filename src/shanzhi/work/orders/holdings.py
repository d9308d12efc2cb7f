"""What orders hold of people (留存项): words that came with answers and calls, addresses and replies of messages.

Receipts and counts stay: they say that and when, in no words. The words lie beside that history, so that they can be
destroyed when the response is over without touching it.
"""

from typing import Any

from django.conf import settings
from django.db import connection, transaction

from shanzhi.base.messaging import erasing
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register
from shanzhi.work.orders.calls import KIND, topic_of
from shanzhi.work.orders.models import Order

WORD_DAYS = 180
_OF_ACTIVATION = """s.recipient_id IN (
  SELECT r.id FROM orders_recipient r JOIN orders_order o ON o.id = r.order_id
  WHERE o.activation_id = %(activation)s AND r.area = s.area)"""
_BEFORE = "s.at < %(before)s"
_DIGEST = """
SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
  s.area || ' ' || s.id::text || ' ' || s.reason || ' ' || coalesce(s.answers::text, ''), E'\\n'
  ORDER BY s.area, s.id), ''), 'UTF8')), 'hex') FROM orders_said s WHERE {which}
"""


def _which(scope: Scope) -> tuple[str, dict[str, Any]]:
    if scope.activation_id is not None:
        return _OF_ACTIVATION, {"activation": scope.activation_id}
    return _BEFORE, {"before": scope.before}


def _words(scope: Scope) -> Destroyed:
    which, given = _which(scope)
    with connection.cursor() as cursor:
        cursor.execute(_DIGEST.format(which=which), given)
        return Destroyed(*cursor.fetchone())


def count_words(scope: Scope) -> int:
    """How many pieces of words there are."""
    return _words(scope).rows


def destroy_words(scope: Scope) -> Destroyed:
    """Delete the words of answers and calls (销毁回复内容); receipts, states and counts stay as they are."""
    which, given = _which(scope)
    with transaction.atomic():
        found = _words(scope)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM orders_said s WHERE {which}", given)
    return found


def _messages(scope: Scope) -> dict[str, Any]:
    if scope.activation_id is None:
        return {"before": scope.before}
    orders = Order.objects.filter(activation_id=scope.activation_id).values_list("id", flat=True)
    return {"topics": [topic_of(one) for one in orders]}


def count_addresses(scope: Scope) -> int:
    """How many addresses and replies there are."""
    return erasing.held(f"{KIND}/", **_messages(scope)).rows


def destroy_addresses(scope: Scope) -> Destroyed:
    """Erase addresses and replies of the messages of orders; attempts and receipts, which hold none, stay."""
    found = erasing.erase_of(f"{KIND}/", **_messages(scope))
    return Destroyed(found.rows, found.digest)


def register_all() -> None:
    """Tell the register of holdings."""
    register(
        Holding(
            code="order-words", zh="指令回复和叫应中的文字", en="Words of answers and calls about orders",
            purpose_zh="知道任务做到什么程度、为什么做不了",
            purpose_en="To know how far work got, and why it cannot be done",
            data_class="personal", days=WORD_DAYS, of_activation=True, count=count_words, destroy=destroy_words,
        )
    )  # fmt: skip
    register(
        Holding(
            code="order-addresses", zh="指令消息的接收号码和短信回复",
            en="Addresses of orders' messages, and replies to them",
            purpose_zh="应用内没有回复时把指令送到本人", purpose_en="To reach those who stay silent in the app",
            data_class="personal", days=settings.SHANZHI_MESSAGE_DAYS, of_activation=True, count=count_addresses,
            destroy=destroy_addresses,
        )
    )  # fmt: skip
