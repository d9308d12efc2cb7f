"""Django application."""

from django.apps import AppConfig


class DrillsConfig(AppConfig):
    """Drills (演练)."""

    name = "shanzhi.command.drills"
    label = "drills"
    verbose_name = "演练 Drills"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What was chosen is sealed; simulated people begin when a drill becomes live."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.modes import parts
        from shanzhi.command.drills.jobs import begin

        parts.follow(begin)
        register_sealed(
            "drills_drillevent",
            ["id", "drill_id", "behaviour", "real_posts", "seed", "actor_id", "actor_name", "at"],
        )
