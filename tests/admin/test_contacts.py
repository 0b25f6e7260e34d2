"""Tests of contacts in the admin."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sitechat.admin.contact_list import ContactAdmin
from sitechat.models import Contact
from tests.owner import owner_client, page_of, talk, url_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]
URL = "/admin/sitechat/contact/"


def put(**fields: Any) -> Contact:
    return Contact.objects.create(**{"email": "ann@example.org", "bot": "default", **fields})


def table(client: Client, query: str = "") -> list[dict[str, str]]:
    """Return the rows of the CSV file."""
    response = client.get(f"{URL}csv/?{query}")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/csv")
    assert response.content.startswith(b"\xef\xbb\xbf")  # else Excel does not read it as UTF-8
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_the_list_shows_searches_and_filters(owner: Client) -> None:
    put(name="Ann", message="Please call")
    put(name="Bob", email="bob@example.org", state=Contact.State.DONE, bot="support")
    page = page_of(owner, URL)
    assert "Ann" in page
    assert "bob@example.org" in page
    for query, found in [
        ("q=call", "Ann"),
        ("state__exact=done", "Bob"),
        ("bot=support", "Bob"),
        ("q=bob%40example.org", "Bob"),
    ]:
        assert [row["name"] for row in table(owner, query)] == [found]
        rows = owner.get(f"{URL}?{query}").context["cl"].result_list
        assert [row.name for row in rows] == [found]
    assert "No contact matches." in page_of(owner, f"{URL}?q=nobody")


def test_pages_follow_each_other_without_counting_all_rows(owner: Client) -> None:
    for number in range(ContactAdmin.list_per_page + 1):
        put(name=f"visitor {number}")
    with CaptureQueriesContext(connection) as queries:
        first = owner.get(f"{URL}?q=visitor").context["cl"]
        second = owner.get(f"{URL}{first.older}").context["cl"]
    statements = [each["sql"] for each in queries]
    assert not any("COUNT(*)" in sql and "LIMIT 500" not in sql for sql in statements)
    assert not any("OFFSET" in sql for sql in statements)
    assert [row.name for row in second.result_list] == ["visitor 0"]
    assert len(table(owner, second.get_query_string()[1:])) == ContactAdmin.list_per_page + 1


def test_an_empty_list_says_so(owner: Client) -> None:
    assert "No visitor has left a contact yet." in page_of(owner, URL)


def test_texts_of_visitors_run_nothing(owner: Client) -> None:
    contact = put(
        name="<script>alert(1)</script>\u202e",
        message="<img src=x onerror=alert(2)>",
        page="javascript:alert(3)",
    )
    for url in (URL, f"{URL}{contact.pk}/change/"):
        page = page_of(owner, url)
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert "\u202e" not in page
        assert 'href="javascript' not in page


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_runs_no_formula(owner: Client, start: str) -> None:
    put(name=f"{start}cmd|' /C calc'!A0", phone="+49 30 1")
    [row] = table(owner)
    assert row["name"].startswith("'")
    assert row["phone"] == "'+49 30 1"


def test_the_state_can_be_changed_and_nothing_else(owner: Client) -> None:
    contact = put(name="Ann")
    response = owner.post(f"{URL}{contact.pk}/change/", {"state": "contacted", "name": "Bob"})
    assert response.status_code == 302
    contact.refresh_from_db()
    assert (contact.state, contact.name) == ("contacted", "Ann")
    action = {"action": "mark_done", "_selected_action": [str(contact.pk)]}
    assert owner.post(URL, action).status_code == 302
    contact.refresh_from_db()
    assert contact.state == "done"
    assert owner.get(f"{URL}add/").status_code == 403


def test_it_leads_to_the_transcript(owner: Client) -> None:
    conversation = talk(("Hello", "Hi"))
    url = f"{URL}{put(conversation=conversation, name='Ann <b>').pk}/change/"
    assert url_of(conversation) in page_of(owner, url)
    assert "<h2>Ann &lt;b&gt;</h2>" in page_of(owner, url)
    assert url_of(conversation) not in page_of(owner_client("view_contact"), url)


def test_the_link_of_an_address_can_not_add_fields_to_the_mail(owner: Client) -> None:
    email = "ann?cc=boss&subject=Refund%20approved&body=Pay@example.com"
    page = page_of(owner, f"{URL}{put(email=email).pk}/change/")
    [link] = re.findall('href="mailto:([^"]+)"', page)
    assert link == "ann%3Fcc%3Dboss%26subject%3DRefund%2520approved%26body%3DPay@example.com"


def test_it_can_be_deleted(owner: Client) -> None:
    contact = put()
    assert owner.post(f"{URL}{contact.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("permission", "seen", "changed", "deleted"),
    [
        ("view_contact", 200, 403, 403),
        ("change_contact", 200, 302, 403),
        ("view_conversation", 403, 403, 403),
    ],
)
def test_permissions_hold(permission: str, seen: int, changed: int, deleted: int) -> None:
    staff, contact = owner_client(permission), put()
    url = f"{URL}{contact.pk}/"
    assert staff.get(URL).status_code == seen
    assert staff.get(f"{URL}csv/").status_code == seen
    assert staff.post(f"{url}change/", {"state": "done"}).status_code == changed
    assert staff.post(f"{url}delete/", {"post": "yes"}).status_code == deleted
    assert Client().get(f"{URL}csv/").status_code == 302


def test_the_list_asks_few_queries(owner: Client, django_assert_max_num_queries: Any) -> None:
    for n in range(60):
        put(name=str(n))
    with django_assert_max_num_queries(6):
        owner.get(URL)


def test_an_address_that_stands_for_the_name_is_shown_once(owner: Client) -> None:
    put(email="ann@example.org", phone="+1 2", language="de")
    page = page_of(owner, URL)
    assert page.count(">ann@example.org<") == 1
    assert "+1 2" in page
    contact = Contact.objects.get()
    assert "German" in page_of(owner, f"{URL}{contact.pk}/change/")


def test_a_contact_without_a_name_has_none(owner: Client) -> None:
    put(email="ann@example.org")
    page = page_of(owner, f"{URL}{Contact.objects.get().pk}/change/")
    assert "<bdi>ann@example.org</bdi>" not in page


def test_the_page_leaves_out_what_the_visitor_did_not_enter(owner: Client) -> None:
    contact = put(message="Please call")
    page = page_of(owner, f"{URL}{contact.pk}/change/")
    assert "field-shown_message" in page
    assert "field-shown_email" in page
    for empty in ("shown_name", "shown_phone", "shown_page", "consent"):
        assert f"field-{empty}" not in page
