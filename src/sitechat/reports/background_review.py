"""Review of new replies (see `unanswered_questions`) on a thread, so that no page waits for it.

The report and the list of unanswered questions in the admin start it.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic, sleep

from sitechat.reports import unanswered_questions
from sitechat.reports.background_work import BackgroundWork
from sitechat.runtime.per_process import PerProcess

WAIT = 0.05
"""Seconds that a page waits for the thread if there is little to do."""

BATCH = 100
"""Number of replies between two pauses: about 40 ms of work. A page waits only if at most this
many replies are left."""

PAUSE_FACTOR = 4.0
"""The duration of a pause as a multiple of the work before it, because the work slows requests."""

MAX_COUNTED = 1000
"""Maximum number of unreviewed replies that a page counts."""


@dataclass(frozen=True)
class Unreviewed:
    """The replies that a page does not include yet."""

    replies: int
    """The number of replies, at most MAX_COUNTED; 0 if only ratings are left."""
    has_more: bool
    """Whether there are more than MAX_COUNTED replies."""


def review_soon() -> Unreviewed | None:
    """Start a thread that reviews new replies and ratings. Wait a moment if there is little to do.

    Returns:
        The work that is left; None if all replies and ratings have been reviewed, even if some
        questions have no group yet.
    """
    left = unanswered_questions.count_new_replies(MAX_COUNTED + 1)
    if not left and not unanswered_questions.has_other_work():
        return None
    worker().start()
    if left <= BATCH:
        worker().wait(WAIT)
        left = unanswered_questions.count_new_replies(MAX_COUNTED + 1)
    if not left and not unanswered_questions.has_new_ratings():
        return None
    return Unreviewed(min(left, MAX_COUNTED), has_more=left > MAX_COUNTED)


def _review_all() -> None:
    started = monotonic()
    while not unanswered_questions.review_new_replies(BATCH):
        sleep(PAUSE_FACTOR * (monotonic() - started))
        started = monotonic()


worker = PerProcess(lambda: BackgroundWork("review", _review_all))
