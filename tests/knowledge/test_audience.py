"""Tests of pages whose audience changes, is invalid or is unknown."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User

from sitechat.knowledge import Source, audience, open_page
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.index.page_storing import store
from sitechat.knowledge.index.storing_outcomes import Outcome
from sitechat.knowledge.sources import Document, registry
from sitechat.models import Passage
from tests.indexed import Groups, found, index_problems, put

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.database,
    pytest.mark.usefixtures("no_sources"),
]


class _Guarded(Groups, abstract=True):
    """A source of pages with the audience in `what`, by default public."""

    what: Any = None

    def audience(self, obj: Group) -> Any:
        if isinstance(self.what, Exception):
            raise self.what
        return [audience.PUBLIC] if self.what is None else self.what


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        (["editors"], "unknown audience 'editors': see sitechat.knowledge.audience"),
        ([None], "unknown audience None: see sitechat.knowledge.audience"),
        ([Group(name="editors")], "unknown audience <Group: editors>: see"),
        (5, "its audience is unknown: TypeError: 'int' object is not iterable"),
        (KeyError("group"), "its audience is unknown: KeyError: 'group'"),
    ],
)
@pytest.mark.parametrize("where", [None, "javascript:nothing", LookupError("no address")])
def test_a_page_whose_audience_is_no_longer_known_is_shown_to_nobody(
    what: Any, problem: str, where: Any
) -> None:
    class Articles(_Guarded):
        def url(self, obj: Group) -> str:
            if where is None or self.what is None:
                return super().url(obj)
            if isinstance(where, Exception):
                raise where
            return str(where)

    Group.objects.create(name="The merger of the walrus")
    index_all()
    assert len(found("walrus")) == 1
    Articles.what = what
    report = index_all()
    assert report.counts == {Outcome.FAILED: 1}
    assert report.problems[0][1].startswith(problem)
    assert [error.startswith(problem) for error in index_problems().values()] == [True]
    assert found("walrus") == []
    assert not Passage.objects.exists()
    Articles.what = None
    index_all()
    assert len(found("walrus")) == 1
    assert index_problems() == {}


@pytest.mark.parametrize("fails", ["text", "url"])
def test_a_page_that_has_become_private_is_hidden_even_if_it_cannot_be_read(
    fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Articles(_Guarded):
        pass

    def fail(self: Source, obj: Group) -> str:
        raise RuntimeError("not today")

    group = Group.objects.create(name="The merger of the walrus")
    staff = User.objects.create(username="ada", is_staff=True)
    index_all()
    with monkeypatch.context() as patch:
        patch.setattr(Articles, fails, fail, raising=False)
        Articles.what = [audience.STAFF]
        index_all()
        assert found("walrus") == []
        assert found("walrus", user=staff) == [f"/articles/{group.pk}/"]
        Articles.what = None  # the old text was not for everybody
        index_all()
        assert found("walrus") == []
    index_all()
    assert found("walrus") == [f"/articles/{group.pk}/"]


def test_a_private_page_at_a_used_address_leaves_no_public_page_behind() -> None:
    class Articles(_Guarded):
        where = ""

        def url(self, obj: Group) -> str:
            return self.where or super().url(obj)

    Group.objects.create(name="The merger of the walrus")
    index_all()
    Articles.where, Articles.what = "/taken/", [audience.STAFF]
    put("/taken/", "Something else")
    for source in registry.all():
        for document in source.documents():
            assert store(document, source.label).outcome is Outcome.LEFT_OUT
    assert found("walrus") == []


def test_an_invalid_audience_is_an_error_and_not_public() -> None:
    stored = store(Document(url="/x/", text="Text", format="plain", audience=["stuff"]), "test")
    assert stored.problem.startswith("unknown audience 'stuff'")
    assert open_page("/x/", user=AnonymousUser()) is None
