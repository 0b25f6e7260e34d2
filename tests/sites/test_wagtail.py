"""Tests with Wagtail: changes by its editors are indexed immediately."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

from tests.sites.conftest import Build

pytest.importorskip("wagtail")

SCRIPT = """
import json
from bakery.models import BreadPage
from django.contrib.auth.models import AnonymousUser
from sitechat.knowledge import search
from wagtail.models import Page, PageViewRestriction, Site

def known(words):
    return sorted({found.url for found in search(words, user=AnonymousUser())})

def page(slug):
    return BreadPage.objects.get(slug=slug)

steps = {}
"""
STEPS = """
home = page("bakery")
spelt = BreadPage(title="Spelt", slug="spelt", body="<p>Spelt bread</p>", live=False)
home.add_child(instance=spelt)
steps["draft"] = known("spelt")
page("spelt").save_revision().publish()
steps["published"] = known("spelt")
spelt = page("spelt")
spelt.body = "<p>Now made of einkorn</p>"
spelt.save_revision()
steps["draft of a change"] = known("einkorn")
page("spelt").get_latest_revision().publish()
steps["published change"] = known("einkorn")
restriction = PageViewRestriction.objects.create(
    page=page("spelt"), restriction_type="password", password="secret"
)
steps["restricted"] = known("einkorn")
restriction.delete()
steps["opened"] = known("einkorn")
page("spelt").unpublish()
steps["unpublished"] = known("einkorn")
page("spelt").save_revision().publish()
steps["published again"] = known("einkorn")
page("spelt").add_child(instance=BreadPage(title="Emmer", slug="emmer", body="<p>Emmer"))
page("emmer").save_revision().publish()
page("spelt").move(page("prices"), pos="last-child")
steps["moved"] = known("einkorn emmer")
loaf = page("spelt")
loaf.slug = "loaf"
loaf.save_revision().publish()
steps["renamed"] = known("einkorn emmer")
restriction = PageViewRestriction.objects.create(page=page("loaf"), restriction_type="login")
steps["restricted tree"] = known("einkorn emmer")
restriction.delete()
steps["opened tree"] = known("einkorn emmer")
Page.objects.get(slug="loaf").delete()
steps["deleted"] = known("einkorn emmer")
print(json.dumps(steps))
"""


@pytest.mark.long
def test_what_editors_do_is_known_at_once(build: Build) -> None:
    site = build("Wagtail")
    site.manage("chat_index")
    output = site.manage("shell", "-v0", "-c", dedent(SCRIPT + STEPS))
    steps = json.loads(output.strip().splitlines()[-1])
    assert steps == {
        "draft": [],
        "published": ["/spelt/"],
        "draft of a change": [],
        "published change": ["/spelt/"],
        "restricted": [],
        "opened": ["/spelt/"],
        "unpublished": [],
        "published again": ["/spelt/"],
        "moved": ["/prices/spelt/", "/prices/spelt/emmer/"],
        "renamed": ["/prices/loaf/", "/prices/loaf/emmer/"],
        "restricted tree": [],
        "opened tree": ["/prices/loaf/", "/prices/loaf/emmer/"],
        "deleted": [],
    }
