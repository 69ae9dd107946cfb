"""What a storage of files says when it cannot be reached. Loads no vendor's library: every process imports this."""


class StorageAway(OSError):
    """The storage did not answer, or refused us. What is asked for may well be there: never a 404."""
