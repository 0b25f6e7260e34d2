"""Tests of a custom user model, and of removing the app."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import StandinProcess
from tests.sites.conftest import Build
from tests.sites.project import Project
from tests.sites.visitor import Visitor

DELETE_ANN = """
from django.contrib.auth import get_user_model
print("deleted", get_user_model().objects.filter(username="ann").delete()[0])
"""

OWNERS = """
from sitechat.models import Conversation
print("owners", [[str(talk.user), str(talk.user_id)] for talk in Conversation.objects.all()])
"""

WITHOUT_THE_APP = """
from shop.settings import *

INSTALLED_APPS.remove("sitechat")
"""


def ask_as_ann(site: Project, page: Page, standin: StandinProcess) -> Visitor:
    page.goto(site.url("/login/"))
    page.goto(site.url())
    visitor = Visitor(page)
    visitor.open()
    standin.script("Rye bread.")
    visitor.ask("What do you sell?", "Rye bread.")
    return visitor


@pytest.mark.long
def test_a_user_with_a_uuid_owns_the_conversation(
    build: Build, page: Page, standin: StandinProcess
) -> None:
    site = build("UUID users")
    visitor = ask_as_ann(site, page, standin)
    page.reload()
    expect(visitor.answers).to_contain_text("Rye bread.")
    output = site.manage("shell", "-v0", "-c", OWNERS)
    assert output.count("'ann'") == 1
    pk = output.split("'")[3]
    assert len(pk) == 36
    assert "deleted" in site.manage("shell", "-v0", "-c", DELETE_ANN)
    assert "owners []" in site.manage("shell", "-v0", "-c", OWNERS)


@pytest.mark.long
def test_users_can_be_deleted_after_the_app_was_removed(
    build: Build, page: Page, standin: StandinProcess
) -> None:
    site = build("plain")
    ask_as_ann(site, page, standin)
    (site.folder / "shop" / "without_chat.py").write_text(WITHOUT_THE_APP)
    module = "shop.without_chat"
    output = site.manage("shell", "-v0", "--settings", module, "-c", DELETE_ANN)
    assert "deleted 1" in output
