"""Hatchling's hook for the description on the package index: README.md with absolute links.

README.md has relative links, so that it reads in a checkout, on the repository's host and in a
fork. The package index needs absolute ones; they are made from `project.urls` in pyproject.toml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(
    r"(?P<start>!?\[[^\]]*\]\(|<img [^>]*src=\")(?![\w+.-]+:|#|//)(?P<target>[^)\"]+)"
)


def absolute(text: str, urls: Mapping[str, str]) -> str:
    """Return Markdown with its relative links made absolute.

    Pages and pictures of `docs/` lead to the documentation, other files to the repository. Links
    whose address is not set stay as they are.
    """

    def address(match: re.Match[str]) -> str:
        return match["start"] + _absolute(match["target"], urls)

    return _LINK.sub(address, text)


def _absolute(target: str, urls: Mapping[str, str]) -> str:
    path, hash_sign, fragment = target.partition("#")
    documentation = urls.get("Documentation", "").rstrip("/")
    repository = urls.get("Repository", "").rstrip("/")
    if documentation and path.startswith("docs/images/"):
        return f"{documentation}/_images/{path.removeprefix('docs/images/')}"
    if documentation and path.startswith("docs/") and path.endswith(".md"):
        page = path.removeprefix("docs/").removesuffix(".md")
        return f"{documentation}/{page}.html{hash_sign}{fragment}"
    if repository:
        return f"{repository}/blob/HEAD/{target}"
    return target


class ReadmeHook(MetadataHookInterface):
    """Sets the dynamic field `readme`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description from README.md."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": absolute(text, metadata.get("urls", {})),
        }
