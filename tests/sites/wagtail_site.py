"""The settings and files of a site with Wagtail."""

from __future__ import annotations

WAGTAIL = """
INSTALLED_APPS = [
    "wagtail.contrib.redirects",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "bakery",
    *INSTALLED_APPS,
]
MIDDLEWARE += ["wagtail.contrib.redirects.middleware.RedirectMiddleware"]
WAGTAIL_SITE_NAME = "Birch Bakery"
WAGTAILSEARCH_BACKENDS = {
    "default": {"BACKEND": "wagtail.search.backends.database", "AUTO_UPDATE": False}
}
# Wagtail's two hundred migrations take a minute; creating its tables takes a second.
MIGRATION_MODULES = {app.rpartition(".")[2]: None for app in INSTALLED_APPS}
MIGRATION_MODULES |= {
    f"wagtail{name}": None
    for name in ("core", "redirects", "users", "docs", "images", "search", "admin", "sites")
}
WAGTAILADMIN_BASE_URL = f"http://127.0.0.1:{PORT}"
"""

WAGTAIL_FILES = {
    "bakery/__init__.py": "",
    "bakery/models.py": """
from wagtail.fields import RichTextField
from wagtail.models import Page


class BreadPage(Page):
    body = RichTextField()
    template = "bread.html"
""",
    "bakery/management/__init__.py": "",
    "bakery/management/commands/__init__.py": "",
    "bakery/management/commands/bake.py": """
from bakery.models import BreadPage
from django.core.management.base import BaseCommand
from wagtail.models import Locale, Page, Site


RYE = "<p>Rye bread costs 4 euros.</p>"


class Command(BaseCommand):
    def handle(self, *args, **options):
        Locale.objects.create(language_code="en")
        root = Page.add_root(title="Root", slug="root")
        home = root.add_child(instance=BreadPage(title="Bakery", slug="bakery", body=RYE))
        home.add_child(instance=BreadPage(title="Prices", slug="prices", body=RYE))
        Site.objects.create(hostname="127.0.0.1", root_page=home, is_default_site=True)
""",
    "shop/urls.py": """
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as admin_urls
from wagtail.contrib.sitemaps.views import sitemap

urlpatterns = [
    path("cms/", include(admin_urls)),
    path("sitemap.xml", sitemap),
    path("api/", include("sitechat.urls")),
    path("", include(wagtail_urls)),
]
""",
    "shop/templates/bread.html": """{% extends "base.html" %}{% load wagtailcore_tags %}
{% block title %}{{ page.title }}{% endblock %}
{% block main %}<h1>{{ page.title }}</h1>{{ page.body|richtext }}{% endblock %}
""",
}
