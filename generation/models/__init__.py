"""What generation stores: the catalogue, jobs with their attempts, references and assets with their public copies,
enhancements, presets, webhooks' receipts, and what each address spent for free."""

from generation.models.asset import LEVELS_FOR_ALL, LEVELS_FOR_PEOPLE, Asset, Level, Moderation, Visibility
from generation.models.attempt import Attempt
from generation.models.catalogue import CostBasis, InferenceModel, Lane, OutputKind, SeedSupport, Style
from generation.models.enhancement import Enhancement, EnhancementState
from generation.models.event import ProviderEvent
from generation.models.job import ErrorCode, Job, JobState, SeedMode
from generation.models.preset import Preset
from generation.models.public_folder import FolderState, PublicFolder
from generation.models.reference import Reference
from generation.models.usage import FreeSpend

__all__ = [
    "LEVELS_FOR_ALL",
    "LEVELS_FOR_PEOPLE",
    "Asset",
    "Attempt",
    "CostBasis",
    "Enhancement",
    "EnhancementState",
    "ErrorCode",
    "FolderState",
    "FreeSpend",
    "InferenceModel",
    "Job",
    "JobState",
    "Lane",
    "Level",
    "Moderation",
    "OutputKind",
    "Preset",
    "ProviderEvent",
    "PublicFolder",
    "Reference",
    "SeedMode",
    "SeedSupport",
    "Style",
    "Visibility",
]
