"""Django application."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Orders and their receipts (指令)."""

    name = "shanzhi.work.orders"
    label = "orders"
    verbose_name = "指令 Orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What was done to an order is sealed; messages come back as receipts; a response can hold orders."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.modes import parts
        from shanzhi.work.orders import calls, holdings
        from shanzhi.work.orders.parts import OrdersPart

        calls.listen()
        holdings.register_all()
        parts.register(OrdersPart())
        register_sealed(
            "orders_orderevent",
            ["id", "order_id", "verb", "from_state", "to_state", "actor_id", "actor_name", "reason", "at"],
        )
