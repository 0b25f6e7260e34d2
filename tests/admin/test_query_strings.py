"""Tests of query strings that no link of the admin has, such as impossible dates."""

from __future__ import annotations

import pytest
from django.test import Client

from sitechat.models import ApprovedAnswer, Contact, Delivery
from tests.owner import owner_client, talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]

DATES = {
    "conversation": "updated",
    "contact": "created",
    "delivery": "created",
    "approvedanswer": "updated",
    "page": "seen",
}
"""Lists, and the date of their rows."""

IMPOSSIBLE = (
    *("year=-1", "year=0", "year=99999", "year=x", "month=-1", "day=99", "date=x", "nothing=1"),
    *("gte=x", "gte=9999-12-31T23:59:59%2B00:00", "gte=0001-01-01T00:00:00%2B00:00"),
    *("isnull=x", "range=1,2,3"),
)


@pytest.mark.parametrize("name", DATES)
def test_an_impossible_date_is_no_error(name: str, owner: Client) -> None:
    talk(("One?", "Yes."))
    Contact.objects.create(bot="default", email="ann@example.org")
    Delivery.objects.create(kind="mail", event="report", target="ann@example.org", content={})
    ApprovedAnswer.objects.create(title="One", questions="One?", answer="Yes.")
    for lookup in IMPOSSIBLE:
        response = owner.get(f"/admin/sitechat/{name}/?{DATES[name]}__{lookup}")
        assert response.status_code in {200, 302, 400}, lookup


def test_an_impossible_date_shows_the_whole_list() -> None:
    Contact.objects.create(bot="default", email="ann@example.org")
    page = owner_client().get("/admin/sitechat/contact/?created__year=-1", follow=True)
    assert "ann@example.org" in page.content.decode()
