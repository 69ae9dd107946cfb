from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "gallery"

    def ready(self) -> None:
        from django.core.checks import register  # noqa: PLC0415

        from gallery import audit, credentials  # noqa: PLC0415  (models must be loaded first)

        audit.register()
        register(credentials.certificate_signs)
