"""Why a file cannot be taken apart. A module of its own, so that nobody imports the containers for it."""


class Broken(Exception):
    """The bytes are not built as their format says."""
