"""The base class of sources, the documents that they yield, and their registry.

Apps declare their sources in `chat_sources.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from sitechat.knowledge import audience as audiences

MAX_LABEL_LENGTH = 200
"""Maximum length of a source's label, in characters."""


KnownValidators = Mapping[str, Mapping[str, str]]
"""The stored validators of rendered pages, by the key of the page; see `page_validators`."""


@dataclass(frozen=True)
class Rendered:
    """Information about a page that the site has rendered."""

    translations: str = ""
    """A value that all translations of a page share; "" if it has no translations."""
    validators: dict[str, str] = field(default_factory=dict)
    """Values with which the next run detects an unchanged page; see `page_validators`."""


@dataclass(frozen=True)
class Document:
    """A page that a source yields.

    Attributes:
        url: The address of the page: a path, or the absolute URL on another host.
        key: The identity of the page within its source, such as a primary key, or "".
        title: The title; "" to use the title in the text.
        text: The text in `format` (see `formats.read`), or the path of a file. The suffix of an
            HTML file or a binary file determines its format. Other files are read in `format`,
            or in the format of the suffix if `format` is "".
        format: The format of `text`.
        language: The language of the text; "" to use the language that the text declares.
        charset: The encoding of `text` that the server declares; "" if it declares none.
        served_language: The language that the server or a link to the page declares, used if the
            text declares none.
        problem: Why there is no text; "" if there is a text.
        gone: Whether the page no longer exists.
        unchanged: Whether the stored page is still up to date.
        rendered: Information about a page that the site has rendered; None for other documents.
        audience: The audience of the page; None if it is unknown, so that nobody sees the page.
    """

    url: str
    key: str = ""
    title: str = ""
    text: str | bytes | Path = ""
    format: str = "html"
    language: str = ""
    charset: str = ""
    served_language: str = ""
    audience: Sequence[str] | None = (audiences.PUBLIC,)
    problem: str = ""
    gone: bool = False
    unchanged: bool = False
    rendered: Rendered | None = None


class AnySource:
    """The base class of sources. Apps subclass `Source`, `FileSource` or `SitemapSource`.

    A subclass is registered under its label when it is defined, unless it has `abstract=True`:
    `class Base(Source, abstract=True)`.
    """

    label: ClassVar[str]
    """The name under which the pages of this source are stored.

    By default it consists of the names of the module and the class. If a class sets its own
    label, it can be moved or renamed without indexing its pages again.
    """
    former_labels: ClassVar[Sequence[str]] = ()
    """Earlier labels of this source. The next `chat_index` relabels their pages."""
    known: KnownValidators = {}
    """The validators of pages from the last run. They are set before `documents` is called."""
    note: str = ""
    """Information about the run for the site's owner that is not a problem; set by `documents`."""

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        default_label = f"{cls.__module__.removesuffix('.chat_sources')}.{cls.__qualname__}"
        cls.label = str(cls.__dict__.get("label", default_label))[:MAX_LABEL_LENGTH]
        earlier = (*cls.__dict__.get("former_labels", ()), default_label[:MAX_LABEL_LENGTH])
        cls.former_labels = tuple(label for label in earlier if label != cls.label)
        if not abstract:
            registry.add(cls)

    def documents(self) -> Iterator[Document]:
        """Yield a document for each page of this source."""
        raise NotImplementedError

    def total(self) -> int | None:
        """Return the number of documents of this run, as far as it is known; None if unknown."""
        return None


class Registry:
    """A registry of declared sources by label."""

    def __init__(self) -> None:
        self._classes: dict[str, type[AnySource]] = {}

    def add(self, source: type[AnySource]) -> None:
        """Register a source.

        Raises:
            ImproperlyConfigured: The source sets a label that another class has.
        """
        other = self._classes.get(source.label)
        if other is not None and "label" in source.__dict__ and _name(other) != _name(source):
            raise ImproperlyConfigured(
                f"{_name(source)} and {_name(other)} have the same label {source.label!r}. "
                "Give each source a unique label."
            )
        self._classes[source.label] = source

    def all(self) -> list[AnySource]:
        """Return an instance of each declared source."""
        return [source() for source in self._classes.values()]

    @contextmanager
    def emptied(self) -> Iterator[None]:
        """Remove all declared sources during the block, for tests."""
        classes, self._classes = self._classes, {}
        try:
            yield
        finally:
            self._classes = classes


def _name(source: type[AnySource]) -> str:
    return f"{source.__module__}.{source.__qualname__}"


registry = Registry()
