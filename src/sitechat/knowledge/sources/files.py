"""Sources whose pages are files of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from sitechat.knowledge import audience as audiences
from sitechat.knowledge.reading.formats import SUFFIXES
from sitechat.knowledge.sources.base import AnySource, Document


class FileSource(AnySource, abstract=True):
    """A source of files in any format of `reading.formats`, such as Markdown, PDF or Word.

    class Manual(FileSource):
        path = BASE_DIR / "docs"
        prefix = "/docs/"
    """

    _total: int | None = None
    path: str | Path
    """A file, or a folder that is read recursively.

    In a folder, hidden files, links out of the folder, and (without `format`) files with an unknown
    suffix are left out.
    """
    prefix: str = "/"
    """The prefix of the files' addresses."""
    pattern: str = "*"
    """The pattern of file names to read, such as "*.md"."""
    format: str = ""
    """The format of files whose suffix does not determine it; see `Source.format`."""
    language: str = ""
    """The language of the files, such as "de"; "" to use the language that each file declares."""
    audience: Sequence[str] = (audiences.PUBLIC,)
    """The audiences that may see the pages. See `sitechat.knowledge.audience`."""

    def url(self, file: Path) -> str:
        """Return the address of a file, by default `prefix` + "a/b/" for "a/b.md".

        By default, files with the name "index" or "readme" have the address of their folder.

        Args:
            file: The path of the file relative to `path`.
        """
        parts = list(file.with_suffix("").parts)
        if parts and parts[-1].lower() in ("index", "readme"):
            parts.pop()
        return self.prefix + "".join(f"{quote(os.fsencode(part))}/" for part in parts)

    def title(self, file: Path) -> str:
        """Return the title; "" to use the file's own title, its first heading or its name."""
        return ""

    def total(self) -> int | None:
        """Return the number of files; None before they are listed."""
        return self._total

    def documents(self) -> Iterator[Document]:
        """Yield a document for each file.

        Raises:
            ImproperlyConfigured: `path` does not exist.
        """
        root = Path(self.path)
        files = list(self._files(root))
        self._total = len(files)
        for file in files:
            yield self.document(file, file.relative_to(root) if root.is_dir() else Path(file.name))

    def document(self, file: Path, relative: Path) -> Document:
        """Return the document of a file. An exception becomes the document's problem."""
        # Databases reject file names that are not UTF-8.
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
        except Exception as error:  # a bad file must not end the run
            problem = f"{type(error).__name__}: {error}"
            return Document(url=url, key=name, audience=self.audience, problem=problem)

    def _files(self, root: Path) -> Iterable[Path]:
        if not root.exists():
            raise ImproperlyConfigured(f"{type(self).__name__}.path does not exist: {root}")
        if root.is_file():
            return [root]
        real_root = root.resolve()
        return (
            file
            for file in sorted(root.rglob(self.pattern))
            if os.path.isfile(file)  # noqa: PTH113 (Path.is_file raises without permission)
            and not any(part.startswith(".") for part in file.relative_to(root).parts)
            and (self.format or file.suffix.lower() in SUFFIXES)
            and file.resolve().is_relative_to(real_root)  # no symbolic links out of the folder
        )
