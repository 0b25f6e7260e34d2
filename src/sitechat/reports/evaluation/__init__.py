"""Regression tests of prompts, for `chat_eval`: questions with expectations of their answers.

`suites` parses the files, `expectations` asks the questions and compares the answers, `judging`
asks a model for a verdict, and `transcript_cases` makes a suite from a conversation. This package
imports `reports.asking_bots`, `conversations`, `engine` and the layers below them.
"""

from __future__ import annotations

from sitechat.reports.evaluation.expectations import Result, evaluate, failures
from sitechat.reports.evaluation.suites import Case, InvalidSuite, Suite
from sitechat.reports.evaluation.transcript_cases import suite_from_conversation

__all__ = [
    "Case",
    "InvalidSuite",
    "Result",
    "Suite",
    "evaluate",
    "failures",
    "suite_from_conversation",
]
