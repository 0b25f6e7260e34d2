"""Review new replies on a thread, so that no page waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from sitechat.reports import review
from sitechat.reports.background import BackgroundWork
from sitechat.runtime.per_process import PerProcess

WAIT = 0.05
"""Seconds that a page waits for the thread, which has little to do if the site has few visitors."""

COUNTED = 1000
"""The maximum number of replies that a page counts."""


@dataclass(frozen=True)
class Unreviewed:
    """What a page does not include yet."""

    replies: int
    """At most COUNTED; 0 if only ratings are left."""
    has_more: bool


def review_soon() -> Unreviewed | None:
    """Start a thread that reviews new replies and ratings, and wait for it for a moment.

    Returns:
        What is left; None if everything has been reviewed.
    """
    worker().start()
    worker().wait(WAIT)
    left = review.count_new_replies(COUNTED + 1)
    if not left and not review.has_new_ratings():
        return None
    return Unreviewed(min(left, COUNTED), has_more=left > COUNTED)


def _review_all() -> None:
    while not review.review_new_replies(review.AT_ONCE):
        pass


worker = PerProcess(lambda: BackgroundWork("review", _review_all))
