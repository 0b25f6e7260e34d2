"""The list of conversations and their transcripts, as an owner sees them."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from sitechat.admin import changelist
from sitechat.admin.transcript import pieces
from sitechat.models import Conversation, Message, Status, Unanswered, Usage
from sitechat.owner.safe_text import safe_link, visible
from tests.owner import add_turn, owner_client, talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]

LIST = "/admin/sitechat/conversation/"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> {{ settings.SECRET_KEY }} "
    "\u202egnp.exe\u202c \x07\x1b[31m \u200b"
)


@pytest.fixture
def owner() -> Client:
    return owner_client()


def url_of(conversation: Conversation, page: str = "change") -> str:
    return f"{LIST}{conversation.pk}/{page}/"


def page_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def questions(client: Client, query: str = "") -> list[str]:
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 200, (response.status_code, response.headers)
    return [row.question for row in response.context["cl"].digests]


def test_the_list_tells_the_first_question_the_cost_and_the_state(owner: Client) -> None:
    talk(("When are you open?", "At 8."), ("And on Sundays?", "At 9."), rating=1)
    page = page_of(owner, LIST)
    assert "When are you open?" in page
    assert "And on Sundays?" not in page
    assert "$0.0020" in page
    assert "👍 2" in page


def test_an_empty_list_says_so(owner: Client) -> None:
    assert "No visitor has asked anything yet." in page_of(owner, LIST)
    assert "No conversation is like that." in page_of(owner, f"{LIST}?rating=down")


def test_the_newest_conversation_stands_first(owner: Client) -> None:
    talk(("old", ""), age=timedelta(days=2))
    talk(("new", ""))
    assert questions(owner) == ["new", "old"]


def test_pages_follow_each_other_without_a_gap_or_a_count(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sitechat.admin.conversations.ConversationAdmin.list_per_page", 2)
    moment = timezone.now()
    for n in range(5):
        talk((str(n), ""))
    Conversation.objects.update(updated=moment)  # one moment: ids decide
    seen: list[str] = []
    query = ""
    while True:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = owner.get(f"{LIST}{query}")
        assert not any("COUNT(*)" in each["sql"] for each in queries)
        seen += [row.question for row in response.context["cl"].digests]
        query = response.context["cl"].older
        if not query:
            break
    assert sorted(seen) == ["0", "1", "2", "3", "4"]


def test_the_number_of_queries_does_not_grow_with_the_rows(owner: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            owner.get(LIST)
        return len(found)

    ann = User.objects.create_user("ann")
    talk(("one", "yes"), user=ann)
    owner.get(LIST)
    few = queries()
    for n in range(10):
        talk((f"more {n}", "yes"), ("again", "yes"), user=ann, rating=-1)
    assert queries() == few


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("rating=down", ["disliked"]),
        ("rating=up", ["liked"]),
        ("state=errors", ["cut", "failed"]),
        ("state=refused", ["refused"]),
        ("state=unanswered", ["unknown"]),
        ("bot=support", ["liked"]),
        ("bot=gone", []),
        ("rating=sideways", ["unknown", "refused", "cut", "failed", "liked", "disliked"]),
    ],
)
def test_filters(owner: Client, query: str, found: list[str]) -> None:
    minutes = iter(range(100, 0, -1))

    def age() -> timedelta:
        return timedelta(minutes=next(minutes))

    talk(("disliked", "no"), age=age(), rating=-1)
    talk(("liked", "yes"), age=age(), rating=1, bot="support")
    talk(("failed", ""), age=age(), status=Status.FAILED)
    talk(("cut", "so"), age=age(), status=Status.INTERRUPTED)
    talk(("refused", ""), age=age(), status=Status.REFUSED)
    unknown = talk(("unknown", "The site does not tell."), age=age())
    Unanswered.objects.create(
        conversation=unknown,
        reply=unknown.messages.get(position=1),
        reason=Unanswered.Reason.UNKNOWN,
        created=timezone.now(),
    )
    assert questions(owner, query) == found


def test_dates_lead_into_years_months_and_days_without_reading_the_table(owner: Client) -> None:
    today = timezone.localtime()
    talk(("today", ""), age=timedelta())
    talk(("last year", ""), age=timedelta(days=370))
    dates = owner.get(LIST).context["cl"].dates
    assert [link.title for link in dates.choices] == [
        str(year) for year in range((today - timedelta(days=370)).year, today.year + 1)
    ]
    assert questions(owner, f"updated__year={today.year}&updated__month={today.month}") == ["today"]
    day = f"updated__year={today.year}&updated__month={today.month}&updated__day={today.day}"
    with CaptureQueriesContext(connection) as queries:
        assert questions(owner, day) == ["today"]
    assert not any("DISTINCT" in each["sql"] for each in queries)


@pytest.mark.parametrize(
    "query", ["before=nonsense", "before=2026-01-01T00:00:00_x'", "updated__year=0", "p=7", "e=1"]
)
def test_links_that_nobody_gave_break_nothing(owner: Client, query: str) -> None:
    talk(("hello", ""))
    assert owner.get(f"{LIST}?{query}").status_code in {200, 302}


def test_search_looks_into_every_text_and_shows_the_place(owner: Client) -> None:
    talk(("Which bread?", "Our BUCKWHEAT loaf is baked on Tuesdays."))
    talk(("Something else", "No."))
    response = owner.get(f"{LIST}?q=buckwheat")
    assert [row.question for row in response.context["cl"].digests] == ["Which bread?"]
    assert "<mark>BUCKWHEAT</mark>" in response.content.decode()


def test_search_takes_signs_as_signs(owner: Client) -> None:
    talk(("100% rye?", ""))
    talk(("100 rye?", ""))
    assert questions(owner, "q=0%25") == ["100% rye?"]


def test_search_goes_back_a_window_at_a_time(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changelist, "SEARCHED_AT_ONCE", 3)
    for n in range(7):
        talk((f"needle {n}" if n in (1, 6) else "hay", ""), age=timedelta(hours=n + 1))
    seen: list[str] = []
    query, pages = "?q=needle", 0
    while query:
        response = owner.get(LIST + query)
        cl = response.context["cl"]
        seen += [row.question for row in cl.digests]
        query, pages = cl.older, pages + 1
    assert seen == ["needle 1", "needle 6"]
    assert pages == 3


def test_search_takes_the_name_of_a_user_and_ids(owner: Client) -> None:
    ann = User.objects.create_user("ann")
    hers = talk(("hers", "yes"), user=ann)
    talk(("somebody's", "ann is mentioned"))
    assert questions(owner, "q=ann") == ["hers"]
    assert questions(owner, f"q={hers.pk}") == ["hers"]
    assert questions(owner, f"q={hers.messages.get(position=1).pk}") == ["hers"]


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
        *("$0.00100", "estimated", "500 ms", "2.0 s", "2,200", "claude-opus-4-7"),
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
    owner.get("/admin/sitechat/unanswered/")
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
    owner.get("/admin/sitechat/unanswered/")
    for url in (
        *(LIST, url_of(conversation), url_of(conversation, "delete")),
        *("/admin/sitechat/usage/", "/admin/sitechat/unanswered/"),
    ):
        page = page_of(owner, url)
        assert " style=" not in page
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r" on[a-z]+=", page)


def test_long_conversations_come_in_parts(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sitechat.admin.transcript.MESSAGES", 4)
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
    assert "There are no messages in it." in page_of(owner, url_of(talk()))


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


def test_who_may_view_reads_and_exports_but_does_not_delete() -> None:
    staff = owner_client("sitechat.view_conversation")
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


def test_visitors_of_the_site_are_sent_to_the_login() -> None:
    assert Client().get(url_of(talk(("a", "b")), "export")).status_code == 302


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


def test_sites_without_time_zones_have_the_same_pages(
    owner: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.USE_TZ = False
    monkeypatch.setattr("sitechat.admin.conversations.ConversationAdmin.list_per_page", 1)
    conversation = talk(("first", "I don't know."), age=timedelta(hours=2))
    talk(("second", "b"))
    older = owner.get(LIST).context["cl"].older
    assert questions(owner, older[1:]) == ["first"]
    assert page_of(owner, url_of(conversation))
    assert owner.get("/admin/sitechat/usage/").context["report"].total.replies == 2
    assert owner.get("/admin/sitechat/unanswered/").context["count"] == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nin lines\r\n", "plain\ttext\nin lines\n"),
        ("\x00\x1b[0m\x7f\x85", "⟨U+0000⟩⟨U+001B⟩[0m⟨U+007F⟩⟨U+0085⟩"),
        ("a\u202eb\u2066c\ufeffd\u2028", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+FEFF⟩d⟨U+2028⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("family 👩‍👩‍👧, שלום, می‌خواهم", "family 👩‍👩‍👧, שלום, می‌خواهم"),
    ],
)
def test_hidden_characters_are_shown_and_others_left_alone(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("url", ["/a/", "https://example.org/?q=1", "http://example.org"])
def test_pages_of_the_site_and_the_web_are_links(url: str) -> None:
    assert safe_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "//evil/", "/\\evil/", "a/"),
        *("", "https:", "http://[", "java\x00script:x", "mailto:a@b", None, 5, {"url": "/"}),
    ],
)
def test_nothing_else_is_a_link(url: object) -> None:
    assert safe_link(url) == ""


def test_citations_cut_the_text_and_never_lose_it() -> None:
    cut = list(pieces("0123456789", [{"at": 4, "n": 1}, {"at": 4, "n": 2}, {"at": 99, "n": 3}]))
    assert [(piece.text, piece.cites) for piece in cut] == [("0123", [1, 2]), ("456789", [3])]
    odd: object
    for odd in (None, "x", [None], [{"at": None, "n": 1}], {}):
        assert "".join(piece.text for piece in pieces("text", odd)) == "text"
