"""What people do with pictures. For now: posts."""

from gallery.models.post import LEVELS_FOR_ALL, LEVELS_FOR_PEOPLE, Level, Post
from generation.models import Visibility

__all__ = ["LEVELS_FOR_ALL", "LEVELS_FOR_PEOPLE", "Level", "Post", "Visibility"]
