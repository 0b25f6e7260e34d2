"""Tests of the permissions that the editor of groups offers."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models.signals import post_migrate

from sitechat.models import Message

pytestmark = pytest.mark.django_db


def test_only_permissions_that_mean_something_are_offered() -> None:
    offered = Permission.objects.filter(content_type__app_label="sitechat")
    assert set(offered.values_list("codename", flat=True)) == {
        *("add_approvedanswer", "change_approvedanswer", "delete_approvedanswer"),
        *("view_approvedanswer", "view_bottexts", "change_bottexts"),
        *("view_contact", "change_contact", "delete_contact"),
        *("view_conversation", "change_conversation", "delete_conversation"),
        *("answer_conversation", "view_delivery", "change_delivery"),
        *("view_page", "view_unanswered", "change_unanswered", "view_usage"),
    }


def test_those_of_earlier_versions_are_deleted_by_migrate() -> None:
    kind = ContentType.objects.get_for_model(Message)
    Permission.objects.create(content_type=kind, codename="add_message", name="Can add message")
    post_migrate.send(
        apps.get_app_config("sitechat"),
        app_config=apps.get_app_config("sitechat"),
        using="default",
        verbosity=0,
        interactive=False,
        plan=[],
        apps=apps,
    )
    assert not Permission.objects.filter(codename="add_message").exists()
