"""Django application."""

from django.apps import AppConfig


class SweepsConfig(AppConfig):
    """Sweeps (敲门行动)."""

    name = "shanzhi.work.sweeps"
    label = "sweeps"
    verbose_name = "敲门行动 Sweeps"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What was done to a sweep is sealed; plans may switch sweeps on; what is held of people is registered."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.modes import parts
        from shanzhi.work.sweeps import erasing
        from shanzhi.work.sweeps.parts import Sweeps

        register_sealed(
            "sweeps_sweepevent",
            ["id", "sweep_id", "verb", "from_state", "to_state", "actor_id", "actor_name", "reason", "at"],
        )
        parts.register(Sweeps())
        erasing.register()
