"""Tests of the check before a release, and of the description on the package index."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tomllib", reason="the release is made with Python 3.11 or newer")
pytest.importorskip("hatchling", reason="built in the environment for development")

ROOT = Path(__file__).resolve().parent.parent
URLS = {
    "Repository": "https://code.sitechat.dev/sitechat",
    "Documentation": "https://docs.sitechat.dev/en/latest/",
    "Changelog": "https://code.sitechat.dev/sitechat/blob/HEAD/CHANGELOG.md",
    "Issues": "https://code.sitechat.dev/sitechat/issues",
    "Security": "https://code.sitechat.dev/sitechat/security/advisories/new",
}
PROJECT = {"version": "0.3.1", "urls": URLS}
PACKAGE = '__version__ = "0.3.1"\n'
CHANGELOG = "# Changelog\n\n## 0.3.1 - 2026-12-01\n"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    monkeypatch.syspath_prepend(str(ROOT))


def problems(project: object = PROJECT, package: str = PACKAGE, log: str = CHANGELOG) -> list[str]:
    import release_check

    return list(release_check.problems(project, package, log))  # type: ignore[arg-type]


def test_a_release_with_everything_has_no_problems() -> None:
    assert problems() == []


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "value", ["", "http://code.sitechat.dev/", "https://example.com/x", "https://docs.example.org"]
)
def test_every_address_must_be_set(name: str, value: str) -> None:
    [problem] = problems({**PROJECT, "urls": {**URLS, name: value}})
    assert name in problem
    assert "pyproject.toml" in problem


def test_a_project_without_addresses_is_not_ready() -> None:
    assert len(problems({"version": "0.3.1"})) == len(URLS)


@pytest.mark.parametrize(
    ("project", "package", "log", "named"),
    [
        ({**PROJECT, "version": "0.3.1.dev1"}, '__version__ = "0.3.1.dev1"', CHANGELOG, "1.2.3"),
        (PROJECT, '__version__ = "0.3.0"', CHANGELOG, "__init__"),
        (PROJECT, PACKAGE, "## Unreleased\n", "CHANGELOG"),
        (PROJECT, PACKAGE, "## 0.3.1\n", "CHANGELOG"),
    ],
)
def test_versions_must_agree(project: object, package: str, log: str, named: str) -> None:
    assert named in problems(project, package, log)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[Install](docs/install.md)",
            "[Install](https://docs.sitechat.dev/en/latest/install.html)",
        ),
        ("[a](docs/http.md#events)", "[a](https://docs.sitechat.dev/en/latest/http.html#events)"),
        ("![x](docs/images/x.png)", "![x](https://docs.sitechat.dev/en/latest/_images/x.png)"),
        (
            "[C](CONTRIBUTING.md)",
            "[C](https://code.sitechat.dev/sitechat/blob/HEAD/CONTRIBUTING.md)",
        ),
        ("[d](https://django.dev/)", "[d](https://django.dev/)"),
    ],
)
def test_the_description_has_absolute_links(text: str, expected: str) -> None:
    import hatch_build

    assert hatch_build.absolute(text, URLS) == expected


def test_relative_links_stay_while_no_address_is_set() -> None:
    import hatch_build

    assert hatch_build.absolute("[Install](docs/install.md)", {}) == "[Install](docs/install.md)"


def test_every_link_of_the_readme_becomes_absolute() -> None:
    import hatch_build

    text = hatch_build.absolute((ROOT / "README.md").read_text(encoding="utf-8"), URLS)
    assert "](docs/" not in text
    assert "](C" not in text
    assert text.count("](https://docs.sitechat.dev/") > 5
