"""Django application."""

from django.apps import AppConfig


class ModesConfig(AppConfig):
    """Modes (平急转换)."""

    name = "shanzhi.city.modes"
    label = "modes"
    verbose_name = "平急转换 Modes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What was done to a response is sealed."""
        from shanzhi.base.audit.sealing import register_sealed

        register_sealed(
            "modes_activationevent",
            [
                "id", "activation_id", "verb", "from_state", "to_state", "level", "last_on", "actor_id",
                "actor_name", "reason", "document", "made", "at",
            ],
        )  # fmt: skip
