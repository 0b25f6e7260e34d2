"""Tests of the admin of approved answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sitechat.admin.approved_answers import MAX_ANSWER_LENGTH, MAX_WORDINGS
from sitechat.models import ApprovedAnswer, Message, Unanswered, Usage
from sitechat.reports import unanswered_questions
from sitechat.standin import Answer, Standin
from tests.owner import owner_client, page_of, talk

pytestmark = pytest.mark.django_db

LIST = "/admin/sitechat/approvedanswer/"
ADD = "/admin/sitechat/approvedanswer/add/"
UNANSWERED = "/admin/sitechat/unanswered/"

FIELDS = {
    "title": "Parking",
    "questions": "Where can I park?\n\n  Is there   parking? ",
    "answer": "Behind the mill.",
    "url": "",
    "audience": "public",
    "active": "on",
    "_save": "Save",
}


def save(client: Client, **fields: Any) -> Any:
    return client.post(ADD, {**FIELDS, **fields})


def initial(client: Client, reply: object) -> dict[str, Any]:
    response = client.get(f"{ADD}?reply={reply}")
    assert response.status_code == 200
    return dict(response.context["adminform"].form.initial)


def reply_of(*turns: tuple[str, str], **fields: Any) -> Message:
    return talk(*turns, **fields).messages.get(position=1)


def test_an_unanswered_question_becomes_an_answer_and_is_done(owner: Client) -> None:
    reply = reply_of(("Where can I park?", "I don't know."))
    reply_of(("where can i park", "I don't know."))
    unanswered_questions.review_new_replies()
    page = owner.get(UNANSWERED).content.decode()
    assert f"{ADD}?reply=" in page
    draft = initial(owner, reply.pk)
    assert set(draft["questions"].split("\n")) == {"Where can I park?", "where can i park"}
    assert draft["answer"] == ""
    response = save(owner, reply=str(reply.pk))
    answer = ApprovedAnswer.objects.get()
    assert response["Location"].endswith(f"/approvedanswer/{answer.pk}/ask/")
    assert answer.wordings == ["Where can I park?", "Is there parking?"]
    assert answer.author_id is not None
    assert not Unanswered.objects.open().exists()


def test_a_form_that_is_sent_again_stores_one_answer(owner: Client) -> None:
    form_id = re.findall('name="draft" value="([^"]+)"', page_of(owner, ADD))[0]
    for _copy in range(2):
        assert save(owner, draft=form_id).status_code == 302
    assert ApprovedAnswer.objects.count() == 1
    save(owner, draft=form_id, answer="Behind the church.")
    save(owner)
    save(owner)
    assert ApprovedAnswer.objects.count() == 4
    answer = ApprovedAnswer.objects.earliest("pk")
    changes = {**FIELDS, "questions": answer.questions, "title": "New", "draft": form_id}
    owner.post(f"{LIST}{answer.pk}/change/", changes)
    assert str(LogEntry.objects.latest("pk")) == "Changed “New” — Changed Title."


def test_a_thumb_down_begins_with_the_reply_and_is_not_listed_later(owner: Client) -> None:
    reply = reply_of(("What is it?", "A **roll**."), rating=-1)
    transcript = owner.get(f"/admin/sitechat/conversation/{reply.conversation_id}/change/")
    assert f"{ADD}?reply={reply.pk}" in transcript.content.decode()
    assert initial(owner, reply.pk)["answer"] == "A **roll**."
    save(owner, reply=str(reply.pk))
    unanswered_questions.review_new_replies()
    assert not Unanswered.objects.open().exists()


@pytest.mark.parametrize("reply", ["", "x", "8f14e45f-ceea-467f-a0e6-2b1f5d3c9a11"])
def test_unknown_replies_begin_with_nothing(owner: Client, reply: str) -> None:
    assert "questions" not in initial(owner, reply)
    assert save(owner, reply=reply).status_code == 302


def test_who_may_not_read_transcripts_gets_no_draft() -> None:
    reply = reply_of(("Where is the key?", "Under the mat."), rating=-1)
    staff = owner_client("sitechat.add_approvedanswer", "sitechat.view_unanswered")
    assert initial(staff, reply.pk) == {}
    unanswered_questions.review_new_replies()
    save(staff, reply=str(reply.pk))
    assert Unanswered.objects.open().exists()
    unanswered_questions.review_new_replies()
    assert "Write the right answer" not in staff.get(UNANSWERED).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("questions", "\n \n"),
        ("questions", "\n".join(f"Question {n}?" for n in range(MAX_WORDINGS + 1))),
        ("questions", "x" * 501),
        ("answer", "x" * (MAX_ANSWER_LENGTH + 1)),
        ("url", "javascript:alert(1)"),
        ("url", "//evil.example"),
        ("bots", "unknown"),
        ("language", "xx"),
        ("audience", "nobody"),
    ],
)
def test_bad_input_is_refused(owner: Client, field: str, value: str) -> None:
    response = save(owner, **{field: value})
    assert response.status_code == 200
    assert response.context["adminform"].form.errors
    assert not ApprovedAnswer.objects.exists()


@pytest.mark.usefixtures("_sdk")
def test_asking_again_shows_what_the_bot_answers_now(
    owner: Client, claude_standin: Standin
) -> None:
    save(owner)
    url = f"/admin/sitechat/approvedanswer/{ApprovedAnswer.objects.get().pk}/ask/"
    assert "Where can I park?" in owner.get(url).content.decode()
    assert not claude_standin.requests
    page = owner.post(url, {"question": "Where can I park?", "bot": "default"}).content.decode()
    assert "Behind the mill." in page
    assert Usage.objects.get().command == "admin"
    claude_standin.script(Answer("<script>alert(1)</script> [x](javascript:alert(1))"))
    page = owner.post(url, {"question": "Hi", "bot": "default"}).content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_asking_needs_the_permission_to_change(claude_standin: Standin) -> None:
    answer = ApprovedAnswer.objects.create(title="x", questions="x", answer="x")
    staff = owner_client("sitechat.view_approvedanswer")
    url = f"/admin/sitechat/approvedanswer/{answer.pk}/ask/"
    assert staff.post(url, {"question": "Hi", "bot": "default"}).status_code == 403
    assert owner_client().get("/admin/sitechat/approvedanswer/999/ask/").status_code == 404
    assert not claude_standin.requests


def test_the_list_names_languages(owner: Client) -> None:
    for language in ("ar", ""):
        ApprovedAnswer.objects.create(
            title="Parking", questions="Where?", answer="Here.", language=language
        )
    page = page_of(owner, "/admin/sitechat/approvedanswer/")
    assert ">Arabic</a>" in page
    assert not re.search(r'<a href="\?language[^>]*>\s*</a>', page), "a link without a name"
    found = owner.get("/admin/sitechat/approvedanswer/?language=ar").context["cl"].result_list
    assert [answer.language for answer in found] == ["ar"]


def test_the_list_does_not_count_all_rows(owner: Client) -> None:
    for n in range(52):
        ApprovedAnswer.objects.create(title=f"Answer {n:02}", questions="?", answer="!")
    with CaptureQueriesContext(connection) as queries:
        first = owner.get(LIST)
    counts = [each["sql"] for each in queries if "COUNT(" in each["sql"]]
    assert all("LIMIT 500" in sql for sql in counts), counts
    titles = [answer.title for answer in first.context["cl"].result_list]
    older = owner.get(f"{LIST}{first.context['cl'].older}")
    titles += [answer.title for answer in older.context["cl"].result_list]
    assert titles == [f"Answer {n:02}" for n in reversed(range(52))]
    assert not older.context["cl"].older
    page = page_of(owner, f"{LIST}?q=Answer+51&active__exact=1")
    assert "Answer 51" in page
    assert "Answer 50" not in page
    assert ADD in page
