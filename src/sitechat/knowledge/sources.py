"""Where the chat's knowledge comes from: what apps declare in their `chat_sources.py`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from . import audience as audiences

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet


@dataclass(frozen=True)
class Document:
    """One page as a source gives it.

    `text` is what `format` says (see `formats.read`); a `Path` is read as the file's suffix, or
    else `format`, says. `problem` says why there is no text; `gone` that there will be none.
    `audience` is None where it can't be told: then nobody sees the page.
    """

    url: str
    key: str = ""
    title: str = ""
    text: str | bytes | Path = ""
    format: str = "html"
    language: str = ""
    audience: Sequence[str] | None = (audiences.PUBLIC,)
    problem: str = ""
    gone: bool = False


class AnySource:
    """What every source has. Subclass `Source`, `FileSource` or `SitemapSource` instead.

    A subclass is known from its definition on, under its label, unless it says `abstract=True`:
    `class Base(Source, abstract=True)`.
    """

    label: ClassVar[str]

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.label = f"{cls.__module__.removesuffix('.chat_sources')}.{cls.__qualname__}"[:200]
        if not abstract:
            registry.add(cls)

    def documents(self) -> Iterator[Document]:
        """Every page of this source, one at a time."""
        raise NotImplementedError


class Registry:
    """The declared sources by label."""

    def __init__(self) -> None:
        self._classes: dict[str, type[AnySource]] = {}

    def add(self, source: type[AnySource]) -> None:
        self._classes[source.label] = source

    def all(self) -> list[AnySource]:
        """One instance of each declared source."""
        return [source() for source in self._classes.values()]

    def of_models(self) -> list[Source]:
        """The declared sources whose pages are the objects of a queryset."""
        return [source for source in self.all() if isinstance(source, Source)]


registry = Registry()


class Source(AnySource, abstract=True):
    """Pages that are the objects of a queryset, as a `ModelAdmin` is for the admin.

        class Articles(Source):
            def queryset(self):
                return Article.objects.filter(published=True)

            def text(self, obj):
                return obj.body

    Saved and deleted objects are indexed again when their transaction commits.
    """

    format: str = "html"
    """What `text` returns: "html", "page" (whole pages), "markdown", "rst", "plain" or "pdf"."""

    def queryset(self) -> QuerySet[Any]:
        """The objects that have a page; it is streamed, never loaded whole."""
        raise NotImplementedError(f"{type(self).__name__} needs queryset()")

    def title(self, obj: Any) -> str:
        """The page's title."""
        return str(obj)

    def url(self, obj: Any) -> str:
        """Where the page is; best as a path, "/blog/1/"."""
        try:
            return str(obj.get_absolute_url())
        except AttributeError:
            raise ImproperlyConfigured(
                f"{type(self).__name__} needs url(obj), or {type(obj).__name__} get_absolute_url()"
            ) from None

    def text(self, obj: Any) -> str | bytes:
        """The page's text, in `format`."""
        raise NotImplementedError(f"{type(self).__name__} needs text(obj)")

    def language(self, obj: Any) -> str:
        """The text's language, such as "de"; "" for the site's `LANGUAGE_CODE`."""
        return ""

    def audience(self, obj: Any) -> Sequence[str]:
        """Who may see the page: members of any of these. See `sitechat.knowledge.audience`."""
        return [audiences.PUBLIC]

    def documents(self) -> Iterator[Document]:
        objects = self.queryset()
        if not objects.query.order_by and not objects.query.is_sliced:
            objects = objects.order_by("pk")
        for obj in objects.iterator(chunk_size=200):
            yield self.document(obj)

    def document(self, obj: Model) -> Document:
        """What is indexed of one object; what its methods raise becomes the document's problem."""
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
        except Exception as error:  # one bad object must not end the run
            problem = problem or f"{type(error).__name__}: {error}"
        return Document(url=url, key=key, audience=audience, problem=problem)

    def get(self, key: str) -> Document | None:
        """One object's document; None where it is not, or no longer, in the queryset."""
        objects = self.queryset()
        if objects.query.is_sliced or objects.query.combinator:  # can't be filtered any more
            some = (obj for obj in objects.iterator(chunk_size=200) if str(obj.pk) == key)
            found = next(some, None)
        else:
            try:
                found = next(iter(objects.filter(pk=key)[:1]), None)  # a join may repeat it
            except ValueError:
                return None
        return None if found is None else self.document(found)


class FileSource(AnySource, abstract=True):
    """Pages that are files: Markdown, reStructuredText, HTML, PDF or plain text.

    class Manual(FileSource):
        path = BASE_DIR / "docs"
        prefix = "/docs/"
    """

    path: str | Path
    """A file, or a folder that is read with all folders in it."""
    prefix: str = "/"
    """What the address of a file begins with."""
    pattern: str = "*"
    """Which names are read, such as "*.md"."""
    format: str = ""
    """What the files are, where their suffix doesn't tell; see `Source.format`."""
    language: str = ""
    audience: Sequence[str] = (audiences.PUBLIC,)

    def url(self, file: Path) -> str:
        """The address of a file, given relative to `path`: "a/b.md" is at prefix + "a/b/"."""
        parts = list(file.with_suffix("").parts)
        if parts and parts[-1].lower() in ("index", "readme"):
            parts.pop()
        return self.prefix + "".join(f"{quote(os.fsencode(part))}/" for part in parts)

    def title(self, file: Path) -> str:
        """The title of a file that says none: by default of its first heading or its name."""
        return ""

    def documents(self) -> Iterator[Document]:
        root = Path(self.path)
        for file in self._files(root):
            yield self.document(file, file.relative_to(root) if root.is_dir() else Path(file.name))

    def document(self, file: Path, relative: Path) -> Document:
        """What is indexed of one file; what its methods raise becomes the document's problem."""
        # A name that is not UTF-8 has bytes that no database takes.
        name = relative.as_posix().encode("utf-8", "backslashreplace").decode()
        url = ""
        try:
            url = str(self.url(relative) or "")
            return Document(
                url=url,
                key=name,
                title=str(self.title(relative) or ""),
                text=file,
                format=self.format,
                language=self.language,
                audience=self.audience,
            )
        except Exception as error:  # one bad file must not end the run
            problem = f"{type(error).__name__}: {error}"
            return Document(url=url, key=name, audience=self.audience, problem=problem)

    def _files(self, root: Path) -> Iterable[Path]:
        from .formats import SUFFIXES

        if not root.exists():
            raise ImproperlyConfigured(f"{type(self).__name__}.path does not exist: {root}")
        if root.is_file():
            return [root]
        inside = root.resolve()
        return (
            file
            for file in sorted(root.rglob(self.pattern))
            if os.path.isfile(file)  # noqa: PTH113 (Path's raises where one may not look)
            and not any(part.startswith(".") for part in file.relative_to(root).parts)
            and (self.format or file.suffix.lower() in SUFFIXES)
            and file.resolve().is_relative_to(inside)  # no links out of the folder
        )
