"""Tests of indexing saved and deleted objects, which must never break the save."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.db.models.deletion import Collector
from django.test.utils import isolate_apps
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.sources import Document, Source
from sitechat.models import Page, Passage
from tests.indexed import Groups, known_urls

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


def test_saved_and_deleted_objects_are_indexed_on_commit_once_each(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    read: list[str] = []

    class Articles(Groups):
        def text(self, obj: Group) -> str | bytes:
            read.append(obj.name)
            return super().text(obj)

    with django_capture_on_commit_callbacks(execute=True):
        group = Group.objects.create(name="First words")
        group.name = "Second words"
        group.save()
        Group.objects.create(name="Another one")
    assert sorted(read) == ["Another one", "Second words"]
    assert Passage.objects.filter(text="Second words").count() == 1
    assert Passage.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        group.name = "draft"
        group.save()
    assert not Passage.objects.filter(page__key=str(group.pk)).exists()
    with django_capture_on_commit_callbacks(execute=True):
        Group.objects.all().delete()
    assert known_urls() == set()


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_is_not_indexed_and_does_not_stop_the_next() -> None:
    class Articles(Groups):
        pass

    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
        Group.objects.create(name="Never was")
        raise RuntimeError
    assert not Page.objects.exists()
    with transaction.atomic():
        Group.objects.create(name="It is")
    assert Passage.objects.get().text == "It is"


@pytest.mark.django_db(transaction=True)
def test_objects_are_indexed_immediately_outside_a_transaction() -> None:
    class Articles(Groups):
        pass

    class Notes(Groups):
        def url(self, obj: Group) -> str:
            return f"/notes/{obj.pk}/"

    group = Group.objects.create(name="First words")
    assert known_urls() == {f"/articles/{group.pk}/", f"/notes/{group.pk}/"}
    group.name = "Second words"
    group.save()
    assert set(Passage.objects.values_list("text", flat=True)) == {"Second words"}
    group.delete()
    assert known_urls() == set()


@pytest.mark.django_db(transaction=True)
def test_with_manual_commits_a_save_is_left_to_chat_index() -> None:
    class Articles(Groups):
        pass

    transaction.set_autocommit(False)
    try:
        Group.objects.create(name="Words")
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert known_urls() == set()
    index_all()
    assert len(known_urls()) == 1


def test_a_source_that_fails_never_breaks_the_save(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Articles(Groups):
        def url(self, obj: Group) -> str:
            raise KeyError("no address")

    class NoQueryset(Groups):
        def queryset(self) -> QuerySet[Any]:
            raise RuntimeError("not now")

    with django_capture_on_commit_callbacks(execute=True):
        Group.objects.create(name="x")
    assert not Page.objects.exists()


def test_an_object_that_cannot_be_indexed_does_not_affect_the_others(
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Articles(Groups):
        def get(self, key: str) -> Document | None:
            document = super().get(key)
            if document and document.text == "Odd":
                raise LookupError("not now")
            return document

    with django_capture_on_commit_callbacks(execute=True):
        first, odd, last = (Group.objects.create(name=name) for name in ("First", "Even", "Last"))
    assert len(known_urls()) == 3
    with django_capture_on_commit_callbacks(execute=True):
        for group, name in ((first, "One"), (odd, "Odd"), (last, "Two")):
            group.name = name
            group.save()
    # Its present text and audience are unknown.
    assert set(Passage.objects.values_list("text", flat=True)) == {"One", "Two"}
    assert "LookupError: not now" in caplog.text


def test_a_queryset_may_return_an_object_twice_or_be_sliced(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Joined(Groups):
        def queryset(self) -> QuerySet[Any]:
            return Group.objects.filter(user__is_staff=False)

    class Newest(Groups):
        def queryset(self) -> QuerySet[Any]:
            return Group.objects.order_by("-pk")[:2]

        def url(self, obj: Group) -> str:
            return f"/newest/{obj.pk}/"

    with django_capture_on_commit_callbacks(execute=True):
        groups = [Group.objects.create(name=f"Group {number}") for number in range(3)]
        for name in ("ada", "bob"):
            User.objects.create(username=name).groups.add(groups[0])
    first, second, third = (group.pk for group in groups)
    assert known_urls() == {f"/articles/{first}/", f"/newest/{second}/", f"/newest/{third}/"}


@pytest.mark.django_db(transaction=True)
def test_a_queryset_whose_sql_fails_leaves_the_transaction_of_a_save_as_it_was() -> None:
    class Articles(Groups):
        sql = "SELECT 1 FROM not_migrated_yet"

        def queryset(self) -> QuerySet[Any]:
            with connection.cursor() as cursor:
                cursor.execute(self.sql)
            return Group.objects.all()

    with transaction.atomic():
        Group.objects.create(name="First")
        assert Group.objects.count() == 1
    assert known_urls() == set()
    Articles.sql = "SELECT 1 FROM auth_group"
    Group.objects.create(name="Second")
    assert len(known_urls()) == 1


def test_the_model_of_a_source_is_determined_once_without_a_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    asked: list[str] = []

    class Articles(Groups):
        def queryset(self) -> QuerySet[Any]:
            asked.append(self.label)
            return super().queryset()

    for number in range(3):
        with django_assert_num_queries(1):
            User(username=f"ada {number}").save(force_insert=True)
    assert len(asked) == 1


@pytest.mark.parametrize(("of_source", "saved"), [(1, 0), (0, 1), (1, 1)])
def test_objects_of_proxy_models_are_indexed_too(
    of_source: int,
    saved: int,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with isolate_apps("django.contrib.auth"):

        class Team(Group):
            class Meta:
                app_label = "auth"
                proxy = True

    either: list[type[Group]] = [Group, Team]

    class Articles(Groups):
        def queryset(self) -> QuerySet[Any]:
            return either[of_source]._default_manager.all()

    with django_capture_on_commit_callbacks(execute=True):
        group = either[saved]._default_manager.create(name="Words")
    assert known_urls() == {f"/articles/{group.pk}/"}
    with django_capture_on_commit_callbacks(execute=True):
        group.delete()
    assert known_urls() == set()


@pytest.mark.django_db(transaction=True)
def test_a_source_that_saves_its_object_is_called_once() -> None:
    asked: list[str] = []

    class Articles(Groups):
        def text(self, obj: Group) -> str:
            asked.append(obj.name)
            obj.save()
            return obj.name

    Group.objects.create(name="Text")
    assert asked == ["Text"]
    assert Passage.objects.get().text == "Text"


def can_delete_fast(model: type[Model]) -> bool:
    """Return whether Django deletes rows of a model without loading them."""
    return Collector(using="default", origin=None).can_fast_delete(model._default_manager.all())


def test_only_models_of_sources_are_loaded_before_they_are_deleted() -> None:
    class Articles(Source):
        def queryset(self) -> QuerySet[Any]:
            return Permission.objects.filter(codename__startswith="view")

    assert not can_delete_fast(Permission)
    assert can_delete_fast(Session)
    assert can_delete_fast(LogEntry)


def test_deletions_of_all_models_are_noticed_until_the_model_of_a_source_is_known(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Articles(Groups):
        def queryset(self) -> QuerySet[Any]:
            return Group.objects.filter(pk__gt=User.objects.count())

    assert not can_delete_fast(Session)
    with django_capture_on_commit_callbacks(execute=True):
        group = Group.objects.create(name="Words")
    assert known_urls() == {f"/articles/{group.pk}/"}
    assert can_delete_fast(Session)
    with django_capture_on_commit_callbacks(execute=True):
        group.delete()
    assert known_urls() == set()
