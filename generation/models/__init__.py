"""What generation stores: the catalogue, jobs with their attempts, references and assets, enhancements, webhooks'
receipts, and what each address spent for free."""

from generation.models.asset import Asset, Moderation, Visibility
from generation.models.attempt import Attempt
from generation.models.catalogue import CostBasis, InferenceModel, Lane, OutputKind, SeedSupport, Style
from generation.models.enhancement import Enhancement, EnhancementState
from generation.models.event import ProviderEvent
from generation.models.job import ErrorCode, Job, JobState, SeedMode
from generation.models.reference import Reference
from generation.models.usage import FreeSpend

__all__ = [
    "Asset",
    "Attempt",
    "CostBasis",
    "Enhancement",
    "EnhancementState",
    "ErrorCode",
    "FreeSpend",
    "InferenceModel",
    "Job",
    "JobState",
    "Lane",
    "Moderation",
    "OutputKind",
    "ProviderEvent",
    "Reference",
    "SeedMode",
    "SeedSupport",
    "Style",
    "Visibility",
]
