"""What stands inside a picture's file about how it was made: `marks` are the facts, `write` puts them in, `read` finds
them again. Containers (png, jpeg, webp) are rewritten around the pixels, which are never decoded here; no row is read.
"""

from generation.metadata.errors import Broken
from generation.metadata.marks import Marks, Settings, Source
from generation.metadata.reading import find
from generation.metadata.writing import TYPES, write

__all__ = ["TYPES", "Broken", "Marks", "Settings", "Source", "find", "write"]
