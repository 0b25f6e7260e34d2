"""Tests of the rating of replies."""

from __future__ import annotations

import pytest

from sitechat.conversations import replies
from sitechat.models import Message
from tests.owner import talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_rating_without_a_comment_keeps_the_comment_of_a_concurrent_one() -> None:
    talk(("What?", "Bread."))
    rows = Message.objects.replies().select_related("conversation")
    first, second = rows.get(), rows.get()
    replies.rate(first, -1, "Wrong price.")
    replies.rate(second, -1, None)
    assert rows.get().comment == second.comment == "Wrong price."
    replies.rate(second, -1, "")
    assert rows.get().comment == ""
