"""Sources whose pages are the objects of a queryset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from sitechat.knowledge import audience as audiences
from sitechat.knowledge import object_deletions
from sitechat.knowledge.sources.base import AnySource, Document, registry

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet


def declared() -> list[Source]:
    """Return the declared sources that are subclasses of `Source`."""
    return [source for source in registry.all() if isinstance(source, Source)]


class Source(AnySource, abstract=True):
    """A source whose pages are the objects of a queryset, declared similarly to a `ModelAdmin`.

        class Articles(Source):
            def queryset(self):
                return Article.objects.filter(published=True)

            def text(self, obj):
                return obj.body

    When a transaction commits, the pages of the objects that it saved are indexed again, and the
    pages of the objects that it deleted are removed.
    """

    _total: int | None = None
    format: str = "html"
    """The format of `text`, such as "html", "page", "markdown" or "pdf"; see `reading.formats`."""

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(abstract=abstract, **kwargs)
        if not abstract:
            object_deletions.watch(cls)

    def queryset(self) -> QuerySet[Any]:
        """Return the objects that have a page. They are loaded in chunks."""
        raise NotImplementedError(f"{type(self).__name__} must define queryset()")

    def title(self, obj: Any) -> str:
        """Return the page's title."""
        return str(obj)

    def url(self, obj: Any) -> str:
        """Return the page's address, preferably as a path such as "/blog/1/".

        Raises:
            ImproperlyConfigured: The object has no `get_absolute_url()`, or this method raised an
                AttributeError.
        """
        try:
            return str(obj.get_absolute_url())
        except AttributeError as error:
            source, model = type(self).__name__, type(obj).__name__
            raise ImproperlyConfigured(
                f"{source} found no address for a page ({error}). Define url(obj) in {source}, or "
                f"a working get_absolute_url() in {model}."
            ) from error

    def text(self, obj: Any) -> str | bytes:
        """Return the page's text in `format`."""
        raise NotImplementedError(f"{type(self).__name__} must define text(obj)")

    def language(self, obj: Any) -> str:
        """Return the text's language, such as "de".

        "" stands for the language that the text declares, or else the site's `LANGUAGE_CODE`.
        """
        return ""

    def audience(self, obj: Any) -> Sequence[str]:
        """Return the audiences that may see the page. See `sitechat.knowledge.audience`."""
        return [audiences.PUBLIC]

    def total(self) -> int | None:
        """Return the number of objects; None before they are counted."""
        return self._total

    def documents(self) -> Iterator[Document]:
        """Yield a document for each object of the queryset."""
        objects = self.queryset()
        self._total = objects.count()
        if not objects.query.order_by and not objects.query.is_sliced:
            objects = objects.order_by("pk")
        for obj in objects.iterator(chunk_size=200):
            yield self.document(obj)

    def document(self, obj: Model) -> Document:
        """Return the document of an object. An exception usually becomes the document's problem.

        Raises:
            ImproperlyConfigured: A method of the source, other than `audience`, raised this.
        """
        key, url, problem = str(obj.pk), "", ""
        audience: list[str] | None = None
        try:
            audience = list(self.audience(obj))
        except Exception as error:
            problem = f"its audience is unknown: {type(error).__name__}: {error}"
        try:
            url = str(self.url(obj) or "")
            if audience is not None:
                return Document(
                    url=url,
                    key=key,
                    title=str(self.title(obj) or ""),
                    text=self.text(obj) or "",
                    format=self.format,
                    language=str(self.language(obj) or ""),
                    audience=audience,
                )
        except ImproperlyConfigured:
            raise
        except Exception as error:  # a bad object must not end the run
            problem = problem or f"{type(error).__name__}: {error}"
        return Document(url=url, key=key, audience=audience, problem=problem)

    def get(self, key: str) -> Document | None:
        """Return the document of an object; None if it is not in the queryset.

        Args:
            key: The primary key of the object.
        """
        objects = self.queryset()
        if objects.query.is_sliced or objects.query.combinator:  # can't be filtered
            matches = (each for each in objects.iterator(chunk_size=200) if str(each.pk) == key)
            obj = next(matches, None)
        else:
            try:
                # Not get(), because a join in the queryset may return the object several times.
                obj = next(iter(objects.filter(pk=key)[:1]), None)
            except ValueError:
                return None
        return None if obj is None else self.document(obj)
