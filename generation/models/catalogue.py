"""The catalogue: what can be asked for, what it supports and what it costs. Seeded from catalogue.toml."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q


class Style(models.TextChoices):
    """Each is words that a model adds to the prompt, or a treatment of its own."""

    NONE = "none"
    REALISTIC = "realistic"
    ANIME = "anime"
    ARTISTIC = "artistic"


class OutputKind(models.TextChoices):
    PICTURE = "picture"
    MODEL_3D = "3d", "3D model"


class SeedSupport(models.TextChoices):
    REPRODUCIBLE = "reproducible", "Reproducible"
    BEST_EFFORT = "best_effort", "Best effort"
    NONE = "none", "No seed"


class Lane(models.TextChoices):
    """Celery queues that carry jobs; fairness and places in the queue are per lane."""

    DEFAULT = "default"
    PROVIDERS = "providers"
    GPU = "gpu"


class InferenceModelQuerySet(models.QuerySet["InferenceModel"]):
    def listed(self) -> "InferenceModelQuerySet":
        """In the order of the picker; rows that left the catalogue file are retired, never deleted."""
        return self.filter(is_retired=False).order_by("position", "pk")


class InferenceModel(models.Model):
    """One row of the catalogue. `is_enabled` and `message` are the staff's switches and survive a sync."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    about = models.CharField(max_length=160)
    provider = models.CharField(max_length=20)
    provider_model = models.CharField(max_length=200, blank=True)
    lane = models.CharField(max_length=10, choices=Lane)
    output_kind = models.CharField(max_length=8, choices=OutputKind, default=OutputKind.PICTURE)
    aspect_ratios = models.JSONField(default=list)
    styles = models.JSONField(default=dict, help_text="Style to the words that it adds to the prompt.")
    seed_support = models.CharField(max_length=12, choices=SeedSupport, default=SeedSupport.NONE)
    supports_negative = models.BooleanField(default=False)
    supports_reference = models.BooleanField(default=False)
    max_count = models.PositiveSmallIntegerField(default=1)
    price_credits = models.PositiveIntegerField(validators=[MinValueValidator(1)], help_text="One picture.")
    is_pro = models.BooleanField(default=False, help_text="Paid from purchased credits only.")
    typical_seconds = models.FloatField(help_text="One picture.")
    position = models.PositiveSmallIntegerField(default=0)
    is_enabled = models.BooleanField(default=True, help_text="Staff's switch.")
    message = models.CharField(max_length=160, blank=True, help_text="Shown while it is switched off.")
    is_retired = models.BooleanField(default=False, editable=False)

    objects = InferenceModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_credits__gte=1), name="model_price_is_positive"),
            models.CheckConstraint(condition=Q(max_count__gte=1, max_count__lte=4), name="model_makes_one_to_four"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def available(self) -> bool:
        return self.is_enabled and not self.is_retired

    @property
    def style_names(self) -> list[str]:
        """In the order of the form: the database keeps an object's keys in an order of its own."""
        return [style for style in Style.values if style in self.styles]

    @property
    def is_3d(self) -> bool:
        return self.output_kind == OutputKind.MODEL_3D

    @property
    def supports_seed(self) -> bool:
        return self.seed_support != SeedSupport.NONE
