"""Reading numbers and lists out of a glTF document that may say anything. Every reader raises Broken, nothing else."""

from typing import Any, TypeAlias

from generation.solid.errors import Broken

Document: TypeAlias = dict[str, Any]

MAGIC = b"glTF"
RECORDS_MAX = 10_000
NUMBER_MAX = 2**32 - 1


def records(document: Document, key: str, *, least: int = 0, most: int = RECORDS_MAX) -> list[Document]:
    """A list of objects; none where the key is absent."""
    found = document.get(key, [])
    if not isinstance(found, list) or not least <= len(found) <= most:
        raise Broken(f"{key}: no list of {least} to {most}")
    if not all(isinstance(record, dict) for record in found):
        raise Broken(f"{key}: not all are objects")
    return found


def natural(record: Document, key: str, default: int | None = None, *, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = record.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= NUMBER_MAX:
        raise Broken(f"{key}: no number from {least}")
    return value


def index(record: Document, key: str, length: int, *, optional: bool = False) -> int:
    """The place of something in a list of `length`; -1 where it is optional and absent."""
    if optional and key not in record:
        return -1
    value = natural(record, key)
    if value >= length:
        raise Broken(f"{key}: {value} of {length}")
    return value


def numbers(record: Document, key: str, length: int, default: tuple[float, ...]) -> tuple[float, ...]:
    """Exactly `length` finite numbers, of a size that survives arithmetic in single precision."""
    found = record.get(key, default)
    if not isinstance(found, list | tuple) or len(found) != length:
        raise Broken(f"{key}: not {length} numbers")
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e18 for n in found):
        raise Broken(f"{key}: not {length} numbers")
    return tuple(float(n) for n in found)
