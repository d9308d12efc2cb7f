"""Django application."""

from django.apps import AppConfig


class StockConfig(AppConfig):
    """Emergency stock (应急物资)."""

    name = "shanzhi.work.stock"
    label = "stock"
    verbose_name = "应急物资 Stock"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A part of every response; the ledger and what happened to a request are sealed."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.modes import parts
        from shanzhi.city.places import touching
        from shanzhi.work.stock import following
        from shanzhi.work.stock.parts import StockPart

        parts.register(StockPart())
        rows = following.STORES
        touching.register(
            "stock", "物资仓库", "stores", rows.count, rows.follow, rows.unfollow, ever=rows.ever,
        )  # fmt: skip
        register_sealed(
            "stock_entry",
            [
                "id", "area", "store_id", "item", "line", "group_id", "kind", "lot", "expires_on", "on_hand",
                "reserved", "out", "activation_id", "request_id", "place_id", "unit_id", "reason", "actor_id",
                "actor_name", "at",
            ],
        )  # fmt: skip
        register_sealed(
            "stock_requestevent",
            [
                "id", "area", "request_id", "verb", "from_state", "to_state", "quantity", "actor_id", "actor_name",
                "reason", "at",
            ],
        )  # fmt: skip
