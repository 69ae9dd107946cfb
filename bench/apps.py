"""Makes the instant provider known to the registry, in processes that run with bench/settings.py."""

from django.apps import AppConfig


class BenchConfig(AppConfig):
    name = "bench"

    def ready(self) -> None:
        from generation.providers import registry  # noqa: PLC0415  (models are not ready while this module loads)

        registry.PROVIDERS["bench"] = registry.Entry("bench.provider")
