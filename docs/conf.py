"""Sphinx's configuration of the documentation site.

`make docs` builds it into `docs/_build/html`. The pages are plain Markdown, so that they also read
on the repository's host and in the demo: links to files of the repository and the table of contents
are adapted here.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import tomllib
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from demo.contents import HOME, sections  # noqa: E402 (needs the path)

METADATA = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
URLS: dict[str, str] = METADATA.get("urls", {})

project = METADATA["name"]
author = METADATA["authors"][0]["name"]
copyright = f"the {author}"
version = release = METADATA["version"]

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_extra_path = ["site-chat.d.ts"]
highlight_language = "text"
language = "en"
nitpicky = True

html_theme = "furo"
html_title = f"{project} {version}"
html_baseurl = URLS.get("Documentation", "")
html_copy_source = False
html_show_sphinx = False
if "Repository" in URLS:
    html_theme_options = {
        "source_repository": URLS["Repository"],
        "source_branch": "main",
        "source_directory": "docs/",
    }

linkcheck_ignore = [r"https?://(127\.0\.0\.1|localhost|[\w.-]*example\.(com|org))"]
linkcheck_retries = 2
linkcheck_timeout = 20
linkcheck_anchors_ignore_for_url = [r"https://github\.com/"]

_REPOSITORY_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\(\.\./(?P<path>[^)]+)\)")


def adapt(app: Sphinx, page: str, source: list[str]) -> None:
    """Adapt the source of a page before it is parsed."""
    source[0] = _REPOSITORY_LINK.sub(_link_to_repository, source[0])
    if page == HOME:
        source[0] += "\n".join(_contents())


def _link_to_repository(match: re.Match[str]) -> str:
    if "Repository" not in URLS:
        return match["text"]
    return f"[{match['text']}]({URLS['Repository']}/blob/HEAD/{match['path']})"


def _contents() -> list[str]:
    return [
        line
        for section in sections()
        for line in (
            *("", "```{toctree}", ":hidden:", f":caption: {section.title}", ""),
            *(*section.slugs, "```"),
        )
    ]


def setup(app: Sphinx) -> None:
    """Connect `adapt`; Sphinx calls this."""
    app.connect("source-read", adapt)
