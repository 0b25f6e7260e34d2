"""Tests of deletions in the admin: of users, conversations and contacts, with what is theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import CASCADE, Model
from django.test import Client, RequestFactory
from django.utils import timezone

from sitechat.admin import keyset_pagination
from sitechat.models import Contact, Conversation, Delivery, Handoff, Unanswered
from tests.owner import LONG_AGO, owner_client, page_of, talk, url_of
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CONTACTS = "/admin/sitechat/contact/"


def talk_with_everything(user: User | None = None) -> Conversation:
    """Create a conversation with a row of each model that is deleted with it."""
    conversation = talk(("Do you sell bread?", "I don't know."), user=user)
    reply = conversation.messages.get(position=1)
    Handoff.objects.create(conversation=conversation, bot="default")
    Unanswered.objects.create(
        conversation=conversation, reply=reply, reason="unknown", created=reply.created
    )
    Delivery.objects.create(
        kind="webhook",
        event="conversation_started",
        target="https://hook.example/",
        conversation=conversation,
    )
    return conversation


def contact_with_mail() -> Contact:
    contact = Contact.objects.create(email="ann@example.org", bot="default")
    Delivery.objects.create(
        kind="mail", event="contact_requested", target="staff@example.org", contact=contact
    )
    return contact


def deleted_with(model: type[Model]) -> Iterator[type[Model]]:
    """Yield the models whose rows Django deletes with a row of `model`."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and getattr(relation, "on_delete", None) is CASCADE:
            assert isinstance(relation.related_model, type)
            yield relation.related_model
            yield from deleted_with(relation.related_model)


def delete(client: Client, url: str) -> Any:
    return client.post(url, {"post": "yes"})


@pytest.mark.parametrize("root", [User, Conversation, Contact])
def test_a_superuser_may_delete_all_rows_that_go_with_a_row(root: type[Model]) -> None:
    request = RequestFactory().get("/")
    request.user = User(username="boss", is_active=True, is_staff=True, is_superuser=True)
    ours = {each for each in deleted_with(root) if each._meta.app_label == "sitechat"}
    assert ours
    registered = [admin.site._registry[each] for each in ours if admin.site.is_registered(each)]
    refusing = [
        page for page in registered if not page.has_delete_permission(request, page.model())
    ]
    assert not refusing


def test_a_user_is_deleted_with_the_conversations(owner: Client) -> None:
    user = User.objects.create_user("visitor")
    talk_with_everything(user)
    assert delete(owner, f"/admin/auth/user/{user.pk}/delete/").status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Conversation.objects.exists()


def test_users_are_deleted_by_the_action_of_the_list(owner: Client) -> None:
    user = User.objects.create_user("visitor")
    talk_with_everything(user)
    form = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    owner.post("/admin/auth/user/", form)
    assert not User.objects.filter(pk=user.pk).exists()


def test_a_user_is_kept_if_staff_may_not_delete_conversations() -> None:
    user = User.objects.create_user("visitor")
    talk_with_everything(user)
    staff = owner_client("delete_user", "view_user")
    assert delete(staff, f"/admin/auth/user/{user.pk}/delete/").status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


def test_a_conversation_and_a_contact_are_deleted_with_their_deliveries(owner: Client) -> None:
    assert delete(owner, url_of(talk_with_everything(), "delete")).status_code == 302
    contact = contact_with_mail()
    assert delete(owner, f"/admin/sitechat/contact/{contact.pk}/delete/").status_code == 302
    form = {"action": "delete_selected", "_selected_action": [contact_with_mail().pk], "post": "y"}
    owner.post("/admin/sitechat/contact/", form)
    assert not Conversation.objects.exists()
    assert not Contact.objects.exists()
    assert not Delivery.objects.exists()


def test_contacts_of_all_pages_are_deleted_together(owner: Client) -> None:
    for number in range(60):
        Contact.objects.create(name=f"{number}", bot="default", message="old")
    kept = Contact.objects.create(name="Kept", bot="default", message="new")
    url = f"{CONTACTS}?q=old"
    page = page_of(owner, url)
    assert "Select all 60 contacts" in page
    assert "Select all 1" not in page_of(owner, f"{CONTACTS}?q=new")
    form = {"action": "delete_selected", "_selected_action": [kept.pk], "select_across": "1"}
    confirmation = owner.post(url, {**form, "index": "0"}).content.decode()
    selected = re.findall('name="_selected_action" value="([^"]+)"', confirmation)
    assert len(selected) == 60
    owner.post(url, {"action": "delete_selected", "_selected_action": selected, "post": "yes"})
    assert list(Contact.objects.all()) == [kept]


def test_an_action_on_all_pages_takes_the_newest_rows(owner: Client, smaller: Smaller) -> None:
    smaller(keyset_pagination, MAX_SELECTED=55)
    old = timezone.now() - LONG_AGO
    for number in range(60):
        Contact.objects.create(bot="default", created=old + timedelta(minutes=number))
    assert "Select all 55 contacts" in page_of(owner, CONTACTS)
    form = {"action": "mark_done", "_selected_action": ["1"], "select_across": "1", "index": "0"}
    owner.post(CONTACTS, form)
    new = Contact.objects.filter(state="new")
    assert set(new.values_list("created", flat=True)) == {
        old + timedelta(minutes=number) for number in range(5)
    }


def test_staff_need_the_permission_on_contacts_alone_to_delete_one() -> None:
    contact = contact_with_mail()
    staff = owner_client("view_contact", "delete_contact")
    assert delete(staff, f"/admin/sitechat/contact/{contact.pk}/delete/").status_code == 302


def test_rows_that_belong_to_others_are_not_deleted_alone(owner: Client) -> None:
    conversation = talk_with_everything()
    rows = {
        "delivery": Delivery.objects.get().pk,
        "handoff": conversation.pk,
        "unanswered": Unanswered.objects.get().pk,
    }
    for name, pk in rows.items():
        assert delete(owner, f"/admin/sitechat/{name}/{pk}/delete/").status_code == 403, name
    assert "/delete/" not in page_of(owner, f"/admin/sitechat/delivery/{rows['delivery']}/change/")
    assert "delete_selected" not in page_of(owner, "/admin/sitechat/delivery/")
