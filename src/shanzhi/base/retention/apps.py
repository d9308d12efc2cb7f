"""Django application."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    """Retention (留存)."""

    name = "shanzhi.base.retention"
    label = "retention"
    verbose_name = "保存与销毁 Retention"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What was destroyed is sealed history; what the modules below hold is registered here."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.base.retention import own

        own.register_all()
        register_sealed(
            "retention_retentionevent",
            [
                "id", "run_id", "hold_id", "verb", "from_state", "to_state", "actor_id", "actor_name", "role",
                "reason", "holding", "counted", "rows", "remained", "digest", "at",
            ],
        )  # fmt: skip
