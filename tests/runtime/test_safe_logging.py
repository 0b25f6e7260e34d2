"""Tests that fields of log lines can't end the line, control a terminal or hide text."""

from __future__ import annotations

import builtins
import io
import logging
from collections.abc import Iterator

import pytest

from sitechat.runtime.safe_logging import MAX_FIELD_LENGTH, get_logger

FORGED = "x\n2026-11-28 ERROR forged\x1b[2J\u202e\u2028\x85\ud800"
SHOWN = "x⟨U+000A⟩2026-11-28 ERROR forged⟨U+001B⟩[2J⟨U+202E⟩⟨U+2028⟩⟨U+0085⟩⟨U+D800⟩"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Return the output of a site's handler, including the fields of `extra`."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(ref)s"))
    logger = get_logger("sitechat.test")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


logger = get_logger("sitechat.test")


def test_arguments_and_extra_fields_stay_on_their_line(lines: io.StringIO) -> None:
    logger.warning("The page %s has %d parts", FORGED, 3, extra={"ref": FORGED})
    assert lines.getvalue() == f"WARNING The page {SHOWN} has 3 parts {SHOWN}\n"


def test_objects_are_escaped_as_their_text(lines: io.StringIO) -> None:
    logger.warning("It failed: %s", ValueError(FORGED), extra={"ref": "-"})
    assert lines.getvalue() == f"WARNING It failed: {SHOWN} -\n"


def test_fields_by_name_are_escaped(lines: io.StringIO) -> None:
    logger.warning("The page %(url)s", {"url": FORGED}, extra={"ref": "-"})
    assert lines.getvalue() == f"WARNING The page {SHOWN} -\n"


def test_a_long_field_is_cut(lines: io.StringIO) -> None:
    logger.warning("The page %s", "x" * 10**6, extra={"ref": "-"})
    assert lines.getvalue() == f"WARNING The page {'x' * (MAX_FIELD_LENGTH - 1)}… -\n"


def test_a_traceback_is_readable_and_its_messages_stay_on_their_lines(
    lines: io.StringIO,
) -> None:
    try:
        try:
            raise KeyError(FORGED)
        except KeyError as error:
            raise ValueError(FORGED) from error
    except ValueError:
        logger.exception("It failed", extra={"ref": "-"})
    written = lines.getvalue()
    assert written.count("Traceback (most recent call last):\n") == 2
    assert "raise ValueError(FORGED) from error\n" in written
    assert "The above exception was the direct cause of the following exception:" in written
    assert written.endswith(f"\nValueError: {SHOWN}\n")
    assert not any(line.startswith("2026") for line in written.splitlines())
    assert not any(character in written for character in "\x1b\u202e\u2028\x85\ud800")


def test_an_exception_during_another_is_shown_with_it(lines: io.StringIO) -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second")  # noqa: B904 - the context is what is tested
    except ValueError:
        logger.exception("It failed", extra={"ref": "-"})
    first, _, second = lines.getvalue().partition("During handling of the above exception")
    assert "KeyError: 'first'" in first
    assert second.endswith("ValueError: second\n")


def test_notes_and_groups_of_exceptions_are_escaped(lines: io.StringIO) -> None:
    if not hasattr(builtins, "ExceptionGroup"):
        pytest.skip("Python 3.10 has no groups of exceptions")
    error = builtins.ExceptionGroup("some", [ValueError(FORGED)])
    error.add_note(FORGED)
    logger.warning("It failed", exc_info=error, extra={"ref": "-"})
    written = lines.getvalue()
    assert f"  note: {SHOWN}\n" in written
    assert f"    ValueError: {SHOWN}\n" in written


def test_a_logger_has_the_filter_once() -> None:
    before = len(get_logger("sitechat.test").filters)
    assert len(get_logger("sitechat.test").filters) == before == 1
