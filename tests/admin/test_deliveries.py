"""Tests of deliveries in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sitechat.admin.deliveries import DeliveryAdmin
from sitechat.models import Delivery
from tests.owner import owner_client, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]
URL = "/admin/sitechat/delivery/"


def put(**fields: Any) -> Delivery:
    return Delivery.objects.create(
        **{"kind": "mail", "event": "contact_requested", "target": "owner@example.org", **fields}
    )


def test_failures_are_shown_and_contents_are_not() -> None:
    failed = put(state="failed", error="HTTP 500 <b>\u202e", content={"text": "a secret"})
    put(event="reply_finished", kind="webhook", target="https://example.org/")
    staff = owner_client("view_delivery")
    for url in (f"{URL}?state__exact=failed", f"{URL}{failed.pk}/change/"):
        page = page_of(staff, url)
        assert "HTTP 500 &lt;b&gt;" in page
        assert "\u202e" not in page
        assert "a secret" not in page
        assert "https://example.org/" not in page


@pytest.mark.parametrize(("permission", "state"), [("change", "waiting"), ("view", "failed")])
def test_a_failed_delivery_can_be_sent_again(permission: str, state: str) -> None:
    failed = put(state="failed", attempts=10)
    staff = owner_client(f"{permission}_delivery")
    action = {"action": "send_again", "_selected_action": [str(failed.pk)]}
    assert staff.post(URL, action).status_code in {200, 302}
    failed.refresh_from_db()
    assert failed.state == state
    assert staff.post(f"{URL}{failed.pk}/change/", {"state": "sent"}).status_code == 403
    assert staff.post(f"{URL}{failed.pk}/delete/", {"post": "yes"}).status_code == 403


def test_only_those_who_may_see_contacts_see_the_address_of_a_visitor() -> None:
    refused = (
        "SMTPRecipientsRefused: {'carol@visitors.example': (550, b'<carol@visitors.example>')}"
    )
    row = put(
        event="person_answered", target="carol@visitors.example", state="failed", error=refused
    )
    put(event="person_answered", target="dave.long@x.example", error="refused: dave.lo…")
    put(target="owner@example.org")
    urls = (URL, f"{URL}{row.pk}/change/")
    for url in urls:
        page = page_of(owner_client("view_delivery"), url)
        User.objects.all().delete()
        assert not any(part in page for part in ("carol", "visitors.example", "dave"))
        assert "SMTPRecipientsRefused" in page
    assert "owner@example.org" in page_of(owner_client("view_delivery"), URL)
    User.objects.all().delete()
    reader = owner_client("view_delivery", "view_contact")
    for url in urls:
        assert page_of(reader, url).count("carol@visitors.example") == 3


def test_others_see_nothing() -> None:
    assert owner_client("view_contact").get(URL).status_code == 403


def test_pages_follow_each_other_without_a_gap_or_a_count() -> None:
    staff = owner_client("view_delivery")
    moment = timezone.now()
    for number in range(2 * DeliveryAdmin.list_per_page + 1):
        put(target=f"{number}@example.org", created=moment)
    seen: list[str] = []
    query = "?state__exact=waiting"
    while query:
        with CaptureQueriesContext(connection) as queries:
            response = staff.get(f"{URL}{query}")
        assert not any("COUNT(*)" in each["sql"] or "OFFSET" in each["sql"] for each in queries)
        seen += [row.target for row in response.context["cl"].result_list]
        query = response.context["cl"].older
        assert ("Older" in response.content.decode()) == bool(query)
    assert len(seen) == len(set(seen)) == 2 * DeliveryAdmin.list_per_page + 1
