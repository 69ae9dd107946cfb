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


class CostBasis(models.TextChoices):
    """What the provider counts when it charges us."""

    PICTURE = "picture", "Per picture"
    MEGAPIXEL = "megapixel", "Per megapixel"
    SECOND = "second", "Per second of compute"
    RUN = "run", "Per run"


class InferenceModelQuerySet(models.QuerySet["InferenceModel"]):
    def listed(self) -> "InferenceModelQuerySet":
        """In the order of the picker; rows that left the catalogue file are retired, never deleted."""
        return self.filter(is_retired=False).order_by("position", "pk")


class InferenceModel(models.Model):
    """One row of the catalogue. The staff's switches (`is_enabled`, `message`) and what was measured survive a sync."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    about = models.CharField(max_length=160)
    provider = models.CharField(max_length=20)
    provider_model = models.CharField(max_length=200, blank=True)
    recipe = models.JSONField(
        default=dict, db_default={}, blank=True, help_text="How this model's input is written: docs/providers.md."
    )
    family = models.SlugField(
        blank=True, db_default="", db_index=False, help_text="Models of one family stand in for each other."
    )
    lane = models.CharField(max_length=10, choices=Lane)
    output_kind = models.CharField(max_length=8, choices=OutputKind, default=OutputKind.PICTURE)
    aspect_ratios = models.JSONField(default=list)
    styles = models.JSONField(default=dict, help_text="Style to the words that it adds to the prompt.")
    seed_support = models.CharField(max_length=12, choices=SeedSupport, default=SeedSupport.NONE)
    supports_negative = models.BooleanField(default=False)
    supports_reference = models.BooleanField(default=False)
    supports_strength = models.BooleanField(
        default=False, db_default=False, help_text="How far it may leave the reference."
    )
    max_count = models.PositiveSmallIntegerField(default=1)
    price_credits = models.PositiveIntegerField(validators=[MinValueValidator(1)], help_text="One picture.")
    is_pro = models.BooleanField(default=False, help_text="Paid from purchased credits only.")
    typical_seconds = models.FloatField(help_text="One picture, at the model's normal steps.")
    normal_steps = models.PositiveSmallIntegerField(null=True, help_text="Empty for models without steps.")
    max_steps = models.PositiveSmallIntegerField(null=True, help_text="Empty where the steps cannot be chosen.")
    normal_guidance = models.FloatField(null=True, help_text="Empty for models without guidance.")
    max_guidance = models.FloatField(null=True, help_text="Empty where guidance cannot be chosen.")
    cost_usd = models.DecimalField(
        max_digits=9, decimal_places=6, null=True, help_text="What the provider charges us, for one of `cost_basis`."
    )
    cost_basis = models.CharField(
        max_length=9, choices=CostBasis, default=CostBasis.PICTURE, db_default=CostBasis.PICTURE
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_enabled = models.BooleanField(default=True, help_text="Staff's switch.")
    message = models.CharField(max_length=160, blank=True, help_text="Shown while it is switched off.")
    is_retired = models.BooleanField(default=False, editable=False)
    is_imported = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Brought in by staff: a sync leaves it alone."
    )

    # What its last runs took; only generation/timing.py writes these.
    measured_seconds = models.FloatField(null=True, help_text="One picture, the median. Empty while too few have run.")
    measured_runs = models.PositiveSmallIntegerField(default=0, help_text="How many runs it is the median of.")
    measured_at = models.DateTimeField(null=True, help_text="When it last changed.")
    measured_low = models.FloatField(null=True, help_text="One picture, in seconds: a tenth of the runs were quicker.")
    measured_high = models.FloatField(null=True, help_text="One picture, in seconds: a tenth of the runs were slower.")
    coverage = models.FloatField(null=True, help_text="Share of its last jobs that ended within their shown interval.")
    coverage_jobs = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many jobs that is the share of."
    )

    objects = InferenceModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_credits__gte=1), name="model_price_is_positive"),
            models.CheckConstraint(condition=Q(max_count__gte=1, max_count__lte=4), name="model_makes_one_to_four"),
            # Prices and charges divide by these.
            models.CheckConstraint(condition=Q(typical_seconds__gt=0), name="model_typical_time_is_positive"),
            models.CheckConstraint(
                condition=Q(measured_seconds__isnull=True) | Q(measured_seconds__gt=0, measured_at__isnull=False),
                name="model_measured_time_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(normal_steps__isnull=True) | Q(normal_steps__gt=0), name="model_normal_steps_are_positive"
            ),
            models.CheckConstraint(
                condition=Q(max_steps__isnull=True)
                | Q(normal_steps__isnull=False, max_steps__gte=models.F("normal_steps")),
                name="model_steps_have_a_normal",
            ),
            models.CheckConstraint(
                condition=Q(max_guidance__isnull=True)
                | Q(normal_guidance__isnull=False, max_guidance__gte=models.F("normal_guidance")),
                name="model_guidance_has_a_normal",
            ),
            models.CheckConstraint(
                condition=Q(measured_low__isnull=True, measured_high__isnull=True)
                | Q(
                    measured_low__isnull=False,
                    measured_high__isnull=False,
                    measured_low__gt=0,
                    measured_high__gte=models.F("measured_low"),
                ),
                name="model_interval_is_one",
            ),
            models.CheckConstraint(
                condition=Q(coverage__isnull=True) | Q(coverage__gte=0, coverage__lte=1),
                name="model_coverage_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def available(self) -> bool:
        return self.is_enabled and not self.is_retired

    @property
    def expected_seconds(self) -> float:
        """For one picture: what the last runs took, or what the catalogue says while too few have run."""
        return self.measured_seconds or self.typical_seconds

    @property
    def style_names(self) -> list[str]:
        """In the order of the form: the database keeps an object's keys in an order of its own."""
        return [style for style in Style.values if style in self.styles]

    @property
    def is_3d(self) -> bool:
        return self.output_kind == OutputKind.MODEL_3D

    @property
    def needs_reference(self) -> bool:
        """Whether it makes nothing without a picture."""
        return bool(self.recipe.get("needs_reference"))

    @property
    def supports_seed(self) -> bool:
        return self.seed_support != SeedSupport.NONE
