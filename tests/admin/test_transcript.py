"""Tests of transcripts in the admin: their text is complete and safely escaped."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sitechat.admin import transcript
from sitechat.admin.transcript import pieces
from sitechat.models import Conversation, Message, Status, Unanswered, Usage
from sitechat.reports import unanswered_questions
from tests.owner import LIST, add_turn, owner_client, page_of, talk, url_of
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> {{ settings.SECRET_KEY }} "
    "\u202egnp.exe\u202c \x07\x1b[31m \u200b"
)


def test_a_transcript_has_all_beside_each_reply(owner: Client) -> None:
    conversation = talk(
        ("Where can I park?", "On the square."),
        rating=-1,
        comment="It was full.",
        sources=[{"n": 1, "title": "Getting here", "url": "/visit/"}],
        citations=[{"at": 14, "n": 1}],
        usage={"cache_read_tokens": 2200, "estimated": True},
    )
    page = page_of(owner, url_of(conversation))
    for part in (
        *("On the square.", '<a href="/visit/"', "Getting here", "It was full.", "👎"),
        *("$0.00100", "estimated", "500 ms", "2 s", "2,200", "claude-opus-4-7"),
    ):
        assert part in page, part


def test_a_failure_is_told_with_its_reference(owner: Client) -> None:
    conversation = talk(
        ("Hello?", ""),
        status=Status.FAILED,
        error={"error": "api_error", "status": 529, "retryable": True, "ref": "9f3a01bc"},
    )
    page = page_of(owner, url_of(conversation))
    assert "9f3a01bc" in page
    assert "The assistant can&#x27;t be reached right now." in page


@pytest.mark.parametrize(
    "error", [{}, [], "text", {"error": "of another version", "message": "x", "status": {}}]
)
def test_an_error_of_any_shape_is_shown(owner: Client, error: object) -> None:
    assert page_of(owner, url_of(talk(("a", "b"), error=error)))


def test_nothing_that_visitors_or_models_write_acts(owner: Client) -> None:
    conversation = talk(
        (HOSTILE, HOSTILE),
        comment=HOSTILE,
        rating=-1,
        bot="<b>bot</b>",
        sources=[
            {"n": 1, "title": HOSTILE, "url": "javascript:alert(1)"},
            {"n": 2, "title": "", "url": "//evil.example/"},
            *({"n": "x"}, 7, None),
        ],
        citations=[{"at": 3, "n": 1}, {"at": -9, "n": 2}, {"at": "x"}, 5, {"at": 10**9, "n": 1}],
        usage={"model": "<b>model</b>"},
    )
    urls = [LIST, f"{LIST}?q=script", url_of(conversation), url_of(conversation, "delete")]
    urls += [url_of(conversation, "history"), "/admin/sitechat/usage/"]
    unanswered_questions.review_new_replies()
    for url in [*urls, "/admin/sitechat/unanswered/"]:
        page = page_of(owner, url)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>" not in page
        assert "only-for-tests" not in page
        assert 'href="javascript' not in page
        assert 'href="//evil' not in page
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u200b]", page), url


def test_pages_carry_no_inline_script_or_style(owner: Client) -> None:
    conversation = talk(("a", "b"), rating=-1)
    unanswered_questions.review_new_replies()
    for url in (
        *(LIST, url_of(conversation), url_of(conversation, "delete")),
        *("/admin/sitechat/usage/", "/admin/sitechat/unanswered/"),
    ):
        page = page_of(owner, url)
        assert " style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r" on[a-z]+=", page)


def test_long_conversations_come_in_parts(owner: Client, smaller: Smaller) -> None:
    smaller(transcript, MESSAGES=4)
    conversation = talk(*((f"question {n}.", f"answer {n}.") for n in range(5)))
    page = page_of(owner, url_of(conversation))
    assert "answer 4." in page
    assert "question 2." not in page
    earlier = page_of(owner, f"{url_of(conversation)}?before=6")
    assert "answer 2." in earlier
    assert "answer 3." not in earlier


def test_a_transcript_asks_the_same_number_of_queries_however_long_it_is(owner: Client) -> None:
    def queries(conversation: Conversation) -> int:
        with CaptureQueriesContext(connection) as found:
            owner.get(url_of(conversation))
        return len(found)

    long = talk(*((str(n), "yes") for n in range(20)))
    short = talk(("one", "yes"))
    queries(short)
    assert queries(long) == queries(short)


def test_a_conversation_that_was_deleted_meanwhile_leads_back_with_a_word(owner: Client) -> None:
    conversation = talk(("a", "b"))
    url, export = url_of(conversation), url_of(conversation, "export")
    conversation.delete()
    response = owner.get(url, follow=True)
    assert response.status_code == 200
    assert "Perhaps it was deleted" in response.content.decode()
    assert owner.get(export).status_code == 404
    assert owner.get(f"{LIST}no-id/change/", follow=True).status_code == 200


def test_a_conversation_without_messages_has_a_page(owner: Client) -> None:
    assert "This conversation has no messages." in page_of(owner, url_of(talk()))


def test_the_export_is_a_file_with_everything(owner: Client) -> None:
    conversation = talk(("Grüße?", "Ja."), comment="good")
    response = owner.get(url_of(conversation, "export"))
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "application/json"
    data = json.loads(response.content)
    assert [m["text"] for m in data["conversations"][0]["messages"]] == ["Grüße?", "Ja."]


def test_deleting_keeps_what_was_paid(owner: Client) -> None:
    conversation = talk(("a", "b"))
    page = page_of(owner, url_of(conversation, "delete"))
    assert "Messages: 2" in page
    owner.post(url_of(conversation, "delete"), {"post": "yes"})
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert Usage.objects.get().conversation is None


def test_nobody_edits_what_was_said(owner: Client) -> None:
    conversation = talk(("a", "b"))
    owner.post(url_of(conversation), {"bot": "other", "_save": "Save"})
    conversation.refresh_from_db()
    assert conversation.bot == "default"
    assert owner.get(f"{LIST}add/").status_code == 403


@pytest.mark.parametrize("may", ["view", "change"])
def test_who_may_view_reads_and_exports_but_does_not_delete(may: str) -> None:
    staff = owner_client(f"sitechat.{may}_conversation")
    conversation = talk(("a", "secret words"))
    assert "secret words" in page_of(staff, url_of(conversation))
    assert "/delete/" not in page_of(staff, url_of(conversation))
    assert staff.get(url_of(conversation, "export")).status_code == 200
    assert staff.get(url_of(conversation, "delete")).status_code == 403
    assert staff.get("/admin/sitechat/usage/").status_code == 403


def test_staff_without_the_permission_sees_nothing() -> None:
    staff = owner_client("sitechat.view_usage")
    conversation = talk(("a", "secret words"))
    for url in (LIST, url_of(conversation), url_of(conversation, "export")):
        response = staff.get(url)
        assert response.status_code == 403
        assert "secret words" not in response.content.decode()


def test_a_running_reply_shows_what_there_is(owner: Client) -> None:
    conversation = talk()
    add_turn(
        conversation,
        0,
        "Hello?",
        "I am wri",
        timezone.now(),
        {},
        status=Status.RUNNING,
        running_in=conversation,
    )
    assert "I am wri" in page_of(owner, url_of(conversation))
    assert "Running" in page_of(owner, LIST)


def test_citations_cut_the_text_and_never_lose_it() -> None:
    cut = list(pieces("0123456789", [{"at": 4, "n": 1}, {"at": 4, "n": 2}, {"at": 99, "n": 3}]))
    assert [(piece.text, piece.cites) for piece in cut] == [("0123", [1, 2]), ("456789", [3])]
    odd: object
    for odd in (None, "x", [None], [{"at": None, "n": 1}], {}):
        assert "".join(piece.text for piece in pieces("text", odd)) == "text"


BY_MODEL = [
    {"model": "claude-opus-5-5", "dollars": "0.0004"},
    {"model": "<b>claude</b>\u202e", "dollars": "0.006"},
    {"model": 5, "dollars": "much"},
    "odd",
]


def test_a_refusal_and_what_each_model_cost(owner: Client) -> None:
    conversation = talk(
        ("a", "b"),
        usage={
            "refusal_category": "cyber",
            "by_model": BY_MODEL,
            "cache_write_tokens": 3100,
            "cache_write_1h_tokens": 3000,
            "service_tier": "priority",
            "inference_geo": "us",
        },
    )
    page = page_of(owner, url_of(conversation))
    for part in (
        *("Category:", "<code>cyber</code>", "claude-opus-5-5", "$0.00040", "$0.00600"),
        *("for an hour:", "3,000", "priority us", "&lt;b&gt;claude&lt;/b&gt;"),
    ):
        assert part in page, part
    assert "\u202e" not in page


def test_a_thumb_down_is_a_problem_even_if_its_question_is_done(owner: Client) -> None:
    liked, disliked = talk(("a", "b"), rating=1), talk(("a", "b"), rating=-1)
    unanswered_questions.review_new_replies()
    Unanswered.objects.mark_done(list(Unanswered.objects.values_list("pk", flat=True)))
    assert "No problems" in page_of(owner, url_of(liked))
    assert "No problems" not in page_of(owner, url_of(disliked))
