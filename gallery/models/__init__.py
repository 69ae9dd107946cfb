"""What people do with pictures: show, like, rate, follow, comment, collect, report, take along."""

from gallery.models.archive import Archive, ArchiveItem, ArchiveState
from gallery.models.artist import Artist
from gallery.models.collection import Collection, CollectionItem
from gallery.models.comment import Comment
from gallery.models.follow import Follow
from gallery.models.post import Post
from gallery.models.reaction import Like, Rating
from gallery.models.safety import (
    Action,
    Appeal,
    AppealState,
    Decision,
    Reason,
    Report,
    ReportState,
    Strike,
)
from gallery.models.searching import SearchEntry
from generation.models import LEVELS_FOR_ALL, LEVELS_FOR_PEOPLE, Level, Visibility

__all__ = [
    "LEVELS_FOR_ALL",
    "LEVELS_FOR_PEOPLE",
    "Action",
    "Appeal",
    "AppealState",
    "Archive",
    "ArchiveItem",
    "ArchiveState",
    "Artist",
    "Collection",
    "CollectionItem",
    "Comment",
    "Decision",
    "Follow",
    "Level",
    "Like",
    "Post",
    "Rating",
    "Reason",
    "Report",
    "ReportState",
    "SearchEntry",
    "Strike",
    "Visibility",
]
