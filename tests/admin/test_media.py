"""Tests that each page of the admin has our style sheets."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.test import Client

from sitechat.models import BotTexts, Page

OURS = [each for each in admin.site._registry.values() if each.opts.app_label == "sitechat"]


@pytest.mark.parametrize("page", OURS, ids=lambda each: each.opts.model_name)
def test_each_page_has_our_styles(page: ModelAdmin) -> None:  # type: ignore[type-arg]
    styles = page.media.render_css()
    assert "sitechat/admin/chat.css" in "".join(styles)


@pytest.mark.django_db
@pytest.mark.parametrize("model", [BotTexts, Page])
def test_pages_with_long_texts_have_the_script_that_checks_them(
    model: type[BotTexts | Page], owner: Client
) -> None:
    html = owner.get(f"/admin/sitechat/{model._meta.model_name}/").content.decode()
    assert "sitechat/admin/lengths.js" in html
    assert "sitechat/admin/chat.css" in html
