"""Tests of forms of the admin that are longer than Django reads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sitechat.models import ApprovedAnswer, BotTexts
from tests.owner import talk

pytestmark = pytest.mark.django_db

TEXT = "x" * 3_000_000
FORM = "application/x-www-form-urlencoded"
ADMIN = "/admin/sitechat/"


def send(client: Client, path: str, **fields: str) -> Any:
    return client.post(f"{ADMIN}{path}", urlencode(fields), content_type=FORM)


@pytest.mark.parametrize(
    "path",
    ["approvedanswer/add/", "bottexts/", "contact/", "unanswered/", "conversation/", "delivery/"],
)
def test_it_is_answered_in_the_admins_words(owner: Client, path: str) -> None:
    response = send(owner, path, answer=TEXT)
    assert response.status_code == 413
    assert "at most 2.5\xa0MB in one form. Nothing was saved." in response.content.decode()
    assert not ApprovedAnswer.objects.exists()
    assert not BotTexts.objects.exists()


def test_so_is_a_long_answer_to_a_visitor(owner: Client) -> None:
    path = f"handoff/{talk().pk}/act/"
    assert send(owner, path, action="say", text=TEXT).status_code == 413


def test_the_form_is_read_to_its_end_so_that_the_browser_sees_the_answer(owner: Client) -> None:
    response = send(owner, "contact/", answer=TEXT)
    assert response.wsgi_request.read() == b""


def test_others_than_staff_get_no_page_of_the_admin(client: Client) -> None:
    assert send(client, "contact/", answer=TEXT).status_code == 403
    client.force_login(User.objects.create_user("visitor"))
    assert send(client, "contact/", answer=TEXT).status_code == 403


@pytest.mark.parametrize("path", ["approvedanswer/add/", "contact/", "unanswered/"])
def test_forged_forms_are_still_refused(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("owner"))
    assert send(client, path, answer="x").status_code == 403
    client.get("/admin/")
    token = client.get(f"{ADMIN}approvedanswer/add/").context["csrf_token"]
    assert send(client, path, answer="x", csrfmiddlewaretoken=str(token)).status_code in (200, 302)
