from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "generation"

    def ready(self) -> None:
        from generation import audit  # noqa: PLC0415  (models must be loaded first)

        audit.register()
