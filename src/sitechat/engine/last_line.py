"""Read the final line with which Claude marks an answer that lacks what was asked for."""

from __future__ import annotations

from sitechat.claude.messages import UNANSWERED

RECOGNIZED = 3
"""Characters of the mark from which an answer that was cut off is taken to have begun it."""


class LastLineReader:
    """Hold back what may be the final line `[[unanswered]]` of a stream of text.

    Call `feed` with each piece of the stream, then `rest`. The same words before other text, or
    beside other text in their line, are text.
    """

    def __init__(self) -> None:
        self._held = ""
        self._has_text = False

    def feed(self, text: str) -> str:
        """Return the text that is certainly no part of the mark."""
        text = self._held + text
        end = self._end_of_text(text)
        self._held = text[end:]
        self._has_text = self._has_text or end > 0
        return text[:end]

    def rest(self, *, is_whole: bool) -> tuple[str, bool]:
        """Return the text that was held back, and whether the final line was the mark.

        Args:
            is_whole: Whether Claude ended the text by itself. If it was cut off, the beginning
                of a mark is no text either.
        """
        held, self._held = self._held, ""
        line = held.strip()
        if line == UNANSWERED:
            return "", True
        if not is_whole and len(line) >= RECOGNIZED:
            return "", False
        return held, False

    def _end_of_text(self, text: str) -> int:
        """Return the number of characters before the last line that may become the mark."""
        content = text.rstrip()
        line = content.rfind("\n") + 1
        if (line or not self._has_text) and UNANSWERED.startswith(content[line:].strip()):
            return len(content[:line].rstrip())
        is_line_end = not {"\n", "\r"}.isdisjoint(text[len(content) :])
        return len(content) if is_line_end else len(text)
