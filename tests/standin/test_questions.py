"""Tests that the demo answers typical questions from the right page of the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command
from django.test import modify_settings, override_settings

from sitechat.engine.unknown_phrases import says_unknown
from sitechat.models import IndexState, Page
from sitechat.standin import Standin
from tests.indexed import found
from tests.visitor import Visitor

MINIMUM = 27
"""Questions that must be right, of those below."""

LIMIT = "How do I limit how many messages a visitor can send?"
PDF = "Can it read PDF files?"

QUESTIONS = [
    ("How do I install this?", "/install/"),
    ("Can I change the color of the bubble?", "/widget/"),
    ("how much does it cost per month", "/limits/"),
    ("Which Python version do I need?", "/versions/"),
    ("where do i put the api key", "/install/"),
    ("how do i unistall it", "/upgrade/"),
    ("Can I use a cheaper model?", "/settings/"),
    ("How does the chat learn my pages?", "/knowledge/"),
    ("Can visitors delete their conversations?", "/privacy/"),
    ("What data is sent to Anthropic?", "/privacy/"),
    ("How do I write my own system prompt?", "/prompts/"),
    ("Can I have more than one bot?", "/settings/"),
    ("How do I test my site without paying for an API key?", "/testing/"),
    ("Is there a dark mode?", "/widget/"),
    ("what hapens when the budjet is spent", "/limits/"),
    ("Does it work with Jinja2?", "/install/"),
    ("Wie installiere ich das?", "/install/"),
    (LIMIT, "/limits/"),
    ("And for users who are logged in?", "/limits/", LIMIT),
    ("Where do I see the conversations of my visitors?", "/admin/"),
    ("How long are conversations kept?", "/privacy/"),
    (PDF, "/knowledge/"),
    ("And Word documents?", "/knowledge/", PDF),
    ("Which servers does it run on?", "/servers/"),
    ("What do I have to set in nginx?", "/deploy/"),
    ("why does the answer come all at once instead of streaming", "/deploy/"),
    ("wich languages does the widget speek", "/translating/"),
    ("Are there metrics for Prometheus?", "/monitoring/"),
    ("How can I allow only some users to chat?", "/settings/"),
    ("What does error 503 not_configured mean?", "/http/"),
]
"""Each question, the page that answers it and, of a follow-up, the question before it."""

UNKNOWN = [
    "Who won the world cup in Brazil?",
    "Can I use it with WordPress?",
    "Does it work on Shopify?",
    "Is there a discount for students?",
    "What about a mobile app for iPhone?",
    "Wo ist hier der nächste Bahnhof?",
    "Quelle est la capitale du Pérou ?",
]


@dataclass(frozen=True)
class Answered:
    """Return the last answer of a conversation."""

    text: str
    cited: list[str]
    """The addresses of the pages that it cites, in order."""


@pytest.fixture(scope="module")
def _documentation(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Index the demo's pages, once for this module."""
    demo = modify_settings(INSTALLED_APPS={"append": ["django.contrib.sitemaps", "demo"]})
    with (
        demo,
        override_settings(ROOT_URLCONF="demo.urls", CHAT_LIMITS={}),
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
    ):
        patch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("index")))
        call_command("chat_index", verbosity=0)
        yield
        Page.objects.all().delete()
        IndexState.objects.all().delete()


@pytest.fixture
def documentation(_documentation: None, claude_standin: Standin, db: None) -> None:
    """Provide the demo with its indexed documentation and the stand-in."""


def ask(*questions: str, page: str = "/") -> Answered:
    """Ask the questions in one conversation on a page, and return the last answer."""
    visitor = Visitor()
    for question in questions:
        visitor.ask(question, page={"url": f"http://testserver{page}", "title": ""})
    reply = visitor.history()["messages"][-1]
    urls = {source["n"]: source["url"] for source in reply["sources"]}
    return Answered(reply["text"], [urls[cite["n"]] for cite in reply["citations"]])


@pytest.mark.parametrize("asked_on", ["/", pytest.param("/performance/", marks=pytest.mark.long)])
def test_answers_cite_the_page_that_contains_them(documentation: None, asked_on: str) -> None:
    wrong = []
    for question, page, *before in QUESTIONS:
        answer = ask(*before, question, page=asked_on)
        right = answer.cited[:1] == [page] and len(answer.cited) <= 2
        if not right or says_unknown(answer.text):
            wrong.append((question, page, answer))
    assert len(QUESTIONS) == 30
    assert len(QUESTIONS) - len(wrong) >= MINIMUM, wrong


def test_the_search_finds_that_page_first(documentation: None) -> None:
    wrong = []
    for question, page, *before in QUESTIONS:
        pages = found(question, previous="".join(before))
        if pages[:1] != [page]:
            wrong.append((question, page, pages[:3]))
    assert len(QUESTIONS) - len(wrong) >= MINIMUM, wrong


@pytest.mark.parametrize("question", UNKNOWN)
def test_a_question_without_an_answer_gets_one_sentence(documentation: None, question: str) -> None:
    answer = ask(question)
    assert says_unknown(answer.text)
    assert not answer.cited
    assert answer.text.count(".") == 1
    assert "\n" not in answer.text


def test_an_answer_has_sentences_and_the_code_that_belongs_to_them(documentation: None) -> None:
    text = ask("Can I change the color of the bubble?").text
    assert text.startswith("The page “The widget” says, under “Looks”:\n\nTo change the color")
    assert "```\nsite-chat {\n  --site-chat-accent: #0a7d5a;\n" in text
    assert text.endswith("\n```")


def test_a_question_about_the_site_is_answered_from_its_first_page(documentation: None) -> None:
    answer = ask("What does this site do?", page="/widget/")
    assert answer.cited == ["/"]
    assert "puts a chat on your Django site" in answer.text


def test_a_question_about_the_page_is_answered_from_it(documentation: None) -> None:
    answer = ask("What is this page about?", page="/prompts/")
    assert answer.cited == ["/prompts/"]


def test_the_question_how_to_install_is_answered_with_all_steps(documentation: None) -> None:
    text = ask("How do I install this?").text
    steps = ["pip install django-sitechat", '"sitechat",', "sitechat.urls", "{% chat_widget %}"]
    assert [step for step in steps if step not in text] == []


def test_a_question_about_the_site_may_follow_others(documentation: None) -> None:
    answer = ask("Is there a dark mode?", "What does this site do?")
    assert answer.cited == ["/"]
    assert "puts a chat on your Django site" in answer.text
