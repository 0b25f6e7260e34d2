"""Rows for the answers of bots to questions that are asked from the admin.

The pages of approved answers and of bots' texts show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from sitechat.admin.transcript import SourceLink, source_links
from sitechat.conversations.answer_html import as_html
from sitechat.reports.trial_questions import TrialAnswer
from sitechat.safe_text import visible


@dataclass(frozen=True)
class TrialRow:
    """An answer for the template `admin/sitechat/trial_answers.html`."""

    question: str
    html: SafeString
    sources: list[SourceLink]
    problem: str
    did_not_know: bool
    dollars: float

    @classmethod
    def of(cls, answer: TrialAnswer) -> TrialRow:
        """Return the row of an answer."""
        sources: Any = answer.sources
        return cls(
            question=visible(answer.question),
            html=as_html(answer.text),
            sources=list(source_links(sources)),
            problem=visible(answer.problem),
            did_not_know=answer.did_not_know,
            dollars=answer.dollars,
        )
