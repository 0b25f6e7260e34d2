"""The sites framework, which the test site does not install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.test import override_settings

TABLE = """CREATE TABLE django_site
    (id integer NOT NULL PRIMARY KEY, domain varchar(100) NOT NULL, name varchar(50) NOT NULL)"""


@contextmanager
def sites_framework() -> Iterator[Any]:
    """Install the sites framework with an empty table, and return its model."""
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "django.contrib.sites"]):
        from django.contrib.sites.models import Site

        with connection.cursor() as cursor:
            cursor.execute(TABLE)
        yield Site
        Site.objects.clear_cache()
        if admin.site.is_registered(Site):
            admin.site.unregister(Site)
