"""Cursors: what was written is read again, and nothing else is."""

import base64
from datetime import UTC, datetime

import pytest

from config import cursors


def test_numbers_and_moments_are_read_as_they_were_written() -> None:
    when = datetime(2026, 6, 18, 12, 30, 1, 123456, tzinfo=UTC)
    written = cursors.write(when, cursors.NUMBER_MAX, -cursors.NUMBER_MAX)
    number, last, less = cursors.read(written, 3, least=-cursors.NUMBER_MAX)
    assert (cursors.moment(number), last, less) == (when, cursors.NUMBER_MAX, -cursors.NUMBER_MAX)


def test_a_cursor_fits_into_an_address_as_it_is() -> None:
    most = cursors.write(*[-cursors.NUMBER_MAX] * 3)
    assert len(most) <= cursors.LENGTH_MAX
    assert most.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é",
        "\x00",
        "\ud800",
        "MQ==",
        "MQ=",
        "M Q",
        " MQ",
        "MQ" * 100,
        cursors.write(1, 2),
        cursors.write(2**63),
        cursors.write(-1),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert cursors.read("MQ", 1) == [1]
    with pytest.raises(ValueError):  # noqa: PT011  (its words are for nobody)
        cursors.read(text, 1)


@pytest.mark.parametrize("plain", ["+1", "1_0", "١", "1.0", " 1", "1\n", "0x1", "--1", "1" * 20])
def test_only_plain_numbers_are_read(plain: str) -> None:
    coded = base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")
    with pytest.raises(ValueError):  # noqa: PT011  (its words are for nobody)
        cursors.read(coded, 1)


def test_a_moment_beyond_every_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="calendar"):
        cursors.moment(cursors.NUMBER_MAX)
