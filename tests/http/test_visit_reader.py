"""Tests that a conversation belongs to the browser session, with every session backend."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from sitechat.http import session_data
from sitechat.http.session_data import drop_conversation, remember
from sitechat.http.visit_reader import read_visit
from sitechat.models import Conversation
from sitechat.standin import Standin
from tests.visitor import Visitor

BACKENDS = ["db", "cache", "cached_db", "file", "signed_cookies"]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, settings: Settings, tmp_path: object) -> str:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    name: str = request.param
    return name


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob")


@pytest.fixture(autouse=True)
def answers(claude_standin: Standin) -> None:
    claude_standin.always("Hi")


def cookie(client: Client) -> str:
    return client.cookies["sessionid"].value


def test_a_conversation_is_found_again_on_the_next_page(backend: str, visitor: Visitor) -> None:
    visitor.ask("Hello")
    visitor.ask("Again")
    assert visitor.texts() == ["Hello", "Hi", "Again", "Hi"]
    assert Conversation.objects.count() == 1
    assert Visitor().texts() == []


def test_reading_creates_no_session_and_sets_no_cookie(visitor: Visitor) -> None:
    response = visitor.client.get("/api/chat/")
    assert response.json()["conversation"] is None
    assert not response.cookies
    assert not Session.objects.exists()


def test_a_login_keeps_the_conversation(backend: str, visitor: Visitor, ann: User) -> None:
    visitor.ask("Hello")
    before = cookie(visitor.client)
    visitor.client.force_login(ann)
    assert cookie(visitor.client) != before
    assert visitor.texts() == ["Hello", "Hi"]
    visitor.ask("Again")
    assert visitor.texts() == ["Hello", "Hi", "Again", "Hi"]
    assert Conversation.objects.get().user == ann


def test_a_logout_ends_the_conversation(backend: str, visitor: Visitor, ann: User) -> None:
    visitor.client.force_login(ann)
    visitor.ask("Hello")
    visitor.client.logout()
    assert visitor.texts() == []


def test_another_user_does_not_inherit_it(
    backend: str, visitor: Visitor, ann: User, bob: User
) -> None:
    visitor.client.force_login(ann)
    visitor.ask("Hello")
    visitor.client.force_login(bob)
    assert visitor.texts() == []
    visitor.ask("It's me")
    assert visitor.texts() == ["It's me", "Hi"]
    assert set(Conversation.objects.values_list("user__username", flat=True)) == {"ann", "bob"}


@pytest.mark.parametrize("backend", ["signed_cookies"], indirect=True)
def test_an_old_cookie_opens_nothing_after_the_logout(
    backend: str, visitor: Visitor, ann: User
) -> None:
    """Check an old signed cookie, which can't be revoked, from before the login."""
    visitor.ask("Hello")
    old = cookie(visitor.client)
    visitor.client.force_login(ann)
    visitor.ask("My secret")
    visitor.client.logout()
    thief = Visitor()
    thief.client.cookies["sessionid"] = old
    assert thief.texts() == []


def test_a_session_that_somebody_has_planted_shows_them_nothing(
    visitor: Visitor, ann: User, settings: Settings
) -> None:
    """Check that an attacker who sets a victim's session cookie can't read the conversation."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    planter = Visitor()
    planter.ask("Hello")
    visitor.client.cookies["sessionid"] = cookie(planter.client)
    visitor.client.force_login(ann)
    [reply] = [event for event in visitor.ask("My secret") if "reply" in event]
    assert "My secret" in visitor.texts()
    assert planter.texts() == []
    assert planter.client.get(f"/api/chat/replies/{reply['reply']}/").status_code == 404
    planter.ask("Still here")
    assert "My secret" not in planter.texts()


def test_each_bot_has_its_own_conversation(visitor: Visitor, settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "support": "sitechat.Chatbot"}
    visitor.ask("Hello")
    visitor.ask("Help", bot="support")
    assert visitor.texts() == ["Hello", "Hi"]
    assert [m["text"] for m in visitor.history(bot="support")["messages"]] == ["Help", "Hi"]
    assert visitor.forget(bot="support").status_code == 204
    assert visitor.history(bot="support")["messages"] == []
    assert visitor.texts() == ["Hello", "Hi"]


@pytest.mark.parametrize("held", ["text", ["a"], {"default": 5}, {"default": "x"}, {}, None])
def test_invalid_data_in_a_session_is_ignored(held: object, visitor: Visitor) -> None:
    session = visitor.client.session
    session[session_data.CONVERSATIONS_KEY] = held
    session.save()
    visitor.client.cookies["sessionid"] = session.session_key or ""
    assert visitor.texts() == []
    visitor.ask("Hello")
    assert visitor.texts() == ["Hello", "Hi"]


def test_after_the_cleanup_a_new_conversation_starts(visitor: Visitor) -> None:
    visitor.ask("Hello")
    Conversation.objects.all().delete()
    assert visitor.history()["conversation"] is None
    visitor.ask("Again")
    assert visitor.texts() == ["Again", "Hi"]


def test_a_site_without_sessions_gets_an_error_with_the_solution(
    visitor: Visitor, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    visitor.client.raise_request_exception = False
    assert visitor.send("Hello").json()["error"] == "not_configured"
    assert "SessionMiddleware" in caplog.text


def test_a_site_without_users_can_chat(visitor: Visitor, settings: Settings) -> None:
    settings.MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
    visitor.ask("Hello")
    assert visitor.texts() == ["Hello", "Hi"]


# Conversations that begin


def saved_session() -> SessionStore:
    session = SessionStore()
    session["site"] = "something"
    session.create()
    return session


def request_with(session: SessionStore) -> HttpRequest:
    request = RequestFactory().post("/")
    request.session = session
    return request


@pytest.mark.django_db
def test_concurrent_messages_start_the_same_conversation() -> None:
    held = read_visit(request_with(saved_session())).held
    assert held.new_id("default") == held.new_id("default")
    assert held.new_id("default") != held.new_id("other")


@pytest.mark.django_db
def test_a_conversation_after_a_forgotten_one_is_another() -> None:
    request = request_with(saved_session())
    seen = set()
    for _ in range(3):
        visit = read_visit(request)
        assert visit.held.get("default") is None
        new = visit.held.new_id("default")
        assert new not in seen
        seen.add(new)
        remember(request, visit, "default", new)
        assert read_visit(request).held.get("default") == new
        drop_conversation(request, visit, "default")


def test_visitors_without_a_session_never_share_a_conversation() -> None:
    new = [read_visit(request_with(SessionStore())).held.new_id("default") for _ in range(2)]
    assert new[0] != new[1]


@pytest.mark.django_db
def test_concurrent_messages_come_from_the_same_visitor() -> None:
    key = saved_session().session_key
    first, second = (read_visit(request_with(SessionStore(key))).visitor for _ in range(2))
    assert first == second


def test_a_forged_cookie_is_not_a_session(visitor: Visitor, settings: Settings) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    visitor.client.cookies["sessionid"] = "forged"
    visitor.ask("Hello")
    other = Visitor()
    other.client.cookies["sessionid"] = "forged"
    assert other.texts() == []


def test_a_new_session_is_stored_without_a_query_for_its_key(
    visitor: Visitor,
) -> None:
    with CaptureQueriesContext(connection) as found:
        visitor.ask("Hello")
    [insert] = [each["sql"] for each in found if "django_session" in each["sql"]]
    assert insert.startswith("INSERT")
