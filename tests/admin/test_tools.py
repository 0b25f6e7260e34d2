"""Tests that each Django shows the links beside the titles of pages, once."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.owner import page_of, talk, url_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("page", "link"),
    [("usage/", "/admin/sitechat/usage/report/"), ("unanswered/", "?format=csv")],
)
def test_a_report_has_its_links(owner: Client, page: str, link: str) -> None:
    assert page_of(owner, f"/admin/sitechat/{page}").count(f'href="{link}') == 1


def test_a_transcript_has_its_links(owner: Client) -> None:
    url = url_of(talk(("Where can I park?", "Behind the house.")))
    page = page_of(owner, url)
    base = url.removesuffix("change/")
    for link in ("export/", "delete/"):
        assert page.count(f'href="{base}{link}"') == 1
