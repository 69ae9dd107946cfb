"""What generation stores: the catalogue, jobs, their attempts, assets, and what each address spent for free."""

from generation.models.asset import Asset, Moderation, Visibility
from generation.models.attempt import Attempt
from generation.models.catalogue import InferenceModel, Lane, OutputKind, SeedSupport, Style
from generation.models.job import ErrorCode, Job, JobState, SeedMode
from generation.models.usage import FreeSpend

__all__ = [
    "Asset",
    "Attempt",
    "ErrorCode",
    "FreeSpend",
    "InferenceModel",
    "Job",
    "JobState",
    "Lane",
    "Moderation",
    "OutputKind",
    "SeedMode",
    "SeedSupport",
    "Style",
    "Visibility",
]
