"""Blocks of a page as readable Markdown: tables become sentences, names become code."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sitechat.standin.sections import Block, cells

# A column whose name begins with a verb continues the sentence: "`close()` returns None".
_VERB = re.compile(
    r"(?:is|are|does|means|returns|says|shows|finds|has|have|tells|may|can|takes|knows|costs|holds"
    r"|contains|needs|becomes)\b"
)
# A column whose name begins with a preposition or conjunction is added to the sentence.
_PREPOSITION = re.compile(
    r"(?:until|for|by|with|in|from|at|on|because|when|if|since|under|after|before|per|to)\b"
)
_MARKUP = re.compile(r"`|\]\(|\*\*")
_NAMES = re.compile(
    r"""
      \{%.*?%\} | \{\{.*?\}\} | <[!/]?\w[^<>]*>                    # tags
    | pip\ (?:un)?install\ ["\w\[\].-]*[\w"\]] | python\ -m\ [\w.]*\w
    | (?:python\ )?manage\.py(?:\ \w+)?(?:\ --\w[\w-]*(?:\ \w+)?)*   # commands
    | \{"[^{}]*\} | \["[^\[\]]*\] | \b[A-Z_]{3,}\ =\ \S+\b          # values
    | \b[a-z]+(?:-[a-z]+){2,}(?:="[^"]*")?                         # attributes
    | \b\w[\w.]*\(\S*?\)                                           # calls
    | "\w*[.:/_-][\w.:/-]*"                                                  # values
    | \b\w*_\w*(?:[./]\w+)*(?:…|\.{3})?                        # names_with_underscores
    | \b[a-z]\w*(?:\.[A-Za-z]\w+)+\b(?!/)                          # dotted.names, files
    | \b[a-z]+(?:-[a-z]+)*-\d+(?:[-.]\d+)*\b                       # models-5-5
    | (?<![\w-])--?[A-Za-z][\w-]*(?:=\S+)?                         # --options
    | (?<![\w/:.])/(?:[\w.-]+/)+                                   # /paths/
    """,
    re.VERBOSE,
)
_PLAIN_NAME = re.compile(r"[a-z][\w.:/-]*")
_SPECIAL = re.compile(r"[\\*_<\[\]`]")
_ENDS = (".", "!", "?", ":", "…", "\u3002", "\uff01", "\uff1f")


def to_markdown(block: Block) -> str:
    """Return a block as Markdown. A table becomes a list of sentences, or a single sentence."""
    if block.kind == "code":
        fence = "````" if "```" in block.text else "```"
        return f"{fence}{block.language}\n{block.text}\n{fence}"
    if block.kind == "list":
        marks = [f"{number}." if block.numbered else "-" for number in range(1, 1000)]
        return "\n".join(
            f"{mark} {mark_up_names(item)}" for mark, item in zip(marks, block.lines, strict=False)
        )
    if block.kind == "table":
        rows = [sentence(block.header, cells(row)) for row in block.lines]
        return rows[0] if len(rows) == 1 else "\n".join(f"- {row}" for row in rows)
    return mark_up_names(block.text)


def mark_up_names(text: str) -> str:
    """Format names as code and escape characters that are special in Markdown.

    A text that already contains markup is not changed.
    """
    if _MARKUP.search(text):
        return text
    parts = []
    end = 0
    for match in _NAMES.finditer(text):
        parts += [_SPECIAL.sub(r"\\\g<0>", text[end : match.start()]), f"`{match[0]}`"]
        end = match.end()
    return "".join([*parts, _SPECIAL.sub(r"\\\g<0>", text[end:])])


def sentence(header: Sequence[str], row: Sequence[str]) -> str:
    """Return a row of a table as one or more sentences with the names of its columns.

    The first form that fits is used. In the examples, the columns are separated by "|":

    - All other cells are empty: "Name|" is "Name."
    - The first cell is empty: "|a" is "a."
    - Several other cells, all "yes", under "bot|search|tools": "shop|yes|yes" is "`shop`: yes with
      search and tools."
    - No column is a verb. Under "size|price", "Small|3 euros" is "Small: 3 euros." With several
      columns, their names are added: "Small: 3 euros (price), 2 kg (weight)."
    - A column is a verb. Columns with prepositions follow in the same sentence, and other columns
      in their own. Under "method|does|until|default", "wait()|blocks|the end|off" is "`wait()`
      blocks, until the end. Its default is off."
    """
    name, *values = [mark_up_names(cell) for cell in row]
    if _PLAIN_NAME.fullmatch(name):
        name = f"`{name}`"
    elif " " in name:
        name = _capitalised(name)
    names = [*header[1:], *[""] * len(values)]
    columns = [(head, value) for head, value in zip(names, values, strict=False) if value]
    if not columns:
        return _ended(name)
    if not name:
        return _ended(", ".join(value for _, value in columns))
    if len(columns) > 1 and {value.lower() for _, value in columns} == {"yes"}:
        return _ended(f"{name}: yes with {_listed([head for head, _ in columns])}")
    verbs = [(head, value) for head, value in columns if _VERB.match(head)]
    if not verbs:
        return _as_pairs(name, columns)
    text = name
    for head, value in verbs:
        text += f" {value}" if head == "does" else f" {head} {value}"
    rest = [(head, value) for head, value in columns if (head, value) not in verbs]
    text += "".join(f", {head} {value}" for head, value in rest if _PREPOSITION.match(head))
    text = _ended(text)
    for head, value in rest:
        if head == "do":
            text += f" {_capitalised(_ended(value))}"
        elif not _PREPOSITION.match(head):
            verb = ":" if " " in head else " are" if head.endswith("s") else " is"
            text += f" Its {head}{verb} {_ended(value)}"
    return text


def _as_pairs(name: str, columns: Sequence[tuple[str, str]]) -> str:
    if len(columns) == 1 or not all(head for head, _ in columns):
        first, *others = [value for _, value in columns]
        return " ".join([_ended(f"{name}: {first}"), *map(_capitalised, map(_ended, others))])
    return _ended(f"{name}: {', '.join(f'{value} ({head})' for head, value in columns)}")


def _listed(names: Sequence[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ended(text: str) -> str:
    return text if text.endswith(_ENDS) else f"{text}."
