"""Tests of the address under which people open the site, for links in mails."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from sitechat.knowledge.sources.site_hosts import public_origin
from tests.sites_framework import sites_framework


@pytest.mark.parametrize(
    ("allowed", "trusted", "origin"),
    [
        (["example.org", "localhost"], [], "https://example.org"),
        (["localhost", "127.0.0.1", "example.org"], [], "https://example.org"),
        (["*", "example.org"], [], "https://example.org"),
        ([".example.org"], [], "https://example.org"),
        (["*"], ["https://Example.org:8443"], "https://example.org:8443"),
        (["*"], ["https://*.example.org"], ""),
        (["example.org"], ["https://a.example", "http://example.org:81"], "http://example.org:81"),
        (["localhost"], [], "http://localhost"),
        (["localhost"], ["http://localhost:8000"], "http://localhost:8000"),
        (["*"], [], ""),
        ([], [], ""),
    ],
)
@pytest.mark.usefixtures("no_sources")
def test_it_is_what_the_owner_has_named(
    settings: Settings, allowed: list[str], trusted: list[str], origin: str
) -> None:
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = allowed, trusted
    assert public_origin() == origin


@pytest.mark.django_db
@pytest.mark.usefixtures("no_sources")
def test_the_sites_framework_names_it(settings: Settings) -> None:
    settings.ALLOWED_HOSTS, settings.SITE_ID = ["*"], 7
    with sites_framework() as sites:
        site = sites.objects.create(pk=7, domain="example.com", name="")
        assert public_origin() == ""  # Django's own row
        site.domain = "example.org"
        site.save()
        assert public_origin() == "https://example.org"
