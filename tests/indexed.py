"""Pages that the chat knows, and the admin's page about them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import QuerySet
from django.test import Client

from sitechat.knowledge import Source, audience, search
from sitechat.knowledge.models import Page
from sitechat.knowledge.sources import Document
from sitechat.knowledge.store import store

ANONYMOUS = AnonymousUser()
PAGES = "/admin/sitechat/page/"


class Groups(Source, abstract=True):
    """Groups stand for articles: their names are their texts."""

    format = "plain"

    def queryset(self) -> QuerySet[Any]:
        return Group.objects.exclude(name="draft")

    def title(self, obj: Group) -> str:
        return f"Article {obj.pk}"

    def url(self, obj: Group) -> str:
        return f"/articles/{obj.pk}/"

    def text(self, obj: Group) -> str:
        if obj.name == "broken":
            raise RuntimeError("no text today")
        return obj.name


def put(url: str, text: str, title: str = "", source: str = "shop.Pages", **values: Any) -> Page:
    """Index a page; `values` are further fields of its document."""
    values.setdefault("format", "markdown")
    store(Document(url=url, key=url, title=title, text=text, **values), source)
    return Page.objects.get(url=url)


def put_shop() -> None:
    put("/shipping/", "## Parcels\n\nWe deliver parcels within three days.", "Shipping")
    put("/returns/", "## Sending back\n\nSend it back within thirty days.", "Returns")
    put("/staff/", "Parcels that were lost are paid by us.", "Rules", audience=[audience.STAFF])


def put_help_pages() -> None:
    put("/shipping/", "## Parcels\n\nWe deliver parcels within three days.", "Shipping")
    put("/returns/", "## Sending back\n\nSend it back within thirty days.", "Returns")
    put("/payment/", "## Cards\n\nWe take credit cards and invoices.", "Payment methods")
    put("/jobs/", "We are looking for a cook who delivers fine soup.", "Jobs")


def known_urls() -> set[str]:
    return set(Page.objects.exclude(content_hash="").values_list("url", flat=True))


def index_problems() -> dict[str, str]:
    return dict(Page.objects.exclude(error="").values_list("url", "error"))


def found(query: str, **options: Any) -> list[str]:
    """The addresses that a search finds, by default for a visitor who is not logged in."""
    return [one.url for one in search(query, user=options.pop("user", ANONYMOUS), **options)]


def page_of(client: Client, url: str = PAGES, **posted: str) -> str:
    """What the client is shown; with `posted`, after a question."""
    response = client.post(url, posted) if posted else client.get(url)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def ask(client: Client, question: str, **others: str) -> dict[str, list[str]]:
    """The addresses that a question finds: those that are sent along, and the next ones."""
    context = client.post(PAGES, {"question": question, **others}).context
    return {name: [hit.url for hit in context.get(name, [])] for name in ("sent", "further")}
