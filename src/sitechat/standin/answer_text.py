"""The text of an answer from the selected section: a lead-in, sentences and code."""

from __future__ import annotations

import re
from dataclasses import replace

from sitechat.standin.answer_languages import Language
from sitechat.standin.readable_blocks import to_markdown
from sitechat.standin.section_choice import Candidate
from sitechat.standin.sections import Block, cells
from sitechat.standin.word_stems import words

MAX_WORDS = 120
"""Maximum words of an answer, without its code.

The first group of blocks and the blocks of the next section are added even if they exceed it."""
SHORT = 40
"""Maximum words of a short section, which is quoted whole and sometimes with the next section."""
FEW_LINES = 4
"""Maximum lines of code at the start of a section that are quoted with the paragraph after it."""
MAX_CODE = 40
"""Maximum lines of code in an answer."""
MAX_ROWS = 3
"""Maximum number of quoted rows of a table, and of quoted items of a list that is too long."""
MAX_ITEMS = 8
"""Maximum items of a list that is quoted whole."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])")


def lead_in(found: Candidate, language: Language) -> str:
    """Return the sentence that names the page; "" if the page has no title."""
    path = found.passage.path
    if not path:
        return ""
    page, section = path[0], found.heading
    if section in ("", page):
        return language.page.format(page=page)
    return language.section.format(page=page, section=section)


def body(found: Candidate) -> list[str]:
    """Return the paragraphs, lists and code of an answer in Markdown, in order."""
    distinct = found.wanted - set(words(" ".join([found.heading, *found.passage.path])))
    kept: list[Block] = []
    for group in _groups(_chosen(found)):
        if kept and not _should_add(group, kept, found, distinct):
            break
        kept += [_shortened(block, distinct or found.wanted) for block in group]
    kept += _continuation(found)
    return list(map(to_markdown, kept))


def _chosen(found: Candidate) -> list[Block]:
    """Return the blocks to quote: the whole section, or its best block and related blocks.

    A section is quoted whole if it is short, or if the question asks for its heading. The related
    blocks are code next to the best block, a text that introduces the best block, and a list or
    table that the best block introduces.
    """
    blocks = found.section.blocks
    whole = MAX_WORDS if found.asks_how else SHORT
    if found.under_own_heading or _size(blocks) <= whole:
        return blocks
    start = found.best
    while start and (blocks[start].kind == "code" or _announces(blocks, start)):
        start -= 1
    if start == 1 and blocks[0].kind == "code" and len(blocks[0].lines) <= FEW_LINES:
        start = 0
    end = found.best + 1
    while end < len(blocks) and (blocks[end].kind == "code" or _announces(blocks, end)):
        end += 1
    return blocks[start:end]


def _groups(blocks: list[Block]) -> list[list[Block]]:
    """Group blocks that belong together: after a colon, and code with the preceding text.

    A paragraph that ends with a colon, but introduces nothing, is left out, unless it is all that
    there is. An image after it may have been omitted.
    """
    groups: list[list[Block]] = []
    for number, block in enumerate(blocks):
        if number and (block.kind == "code" or _announces(blocks, number)):
            groups[-1].append(block)
        else:
            groups.append([block])
    return [group for group in groups if len(group) > 1 or not _ends_with_colon(group[0])] or groups


def _should_add(
    group: list[Block], kept: list[Block], found: Candidate, distinct: set[str]
) -> bool:
    """Return whether a group of blocks should be added to the kept blocks."""
    lines = sum(len(block.lines) for block in [*kept, *group] if block.kind == "code")
    if _size([*kept, *group]) > MAX_WORDS or lines > MAX_CODE:
        return False
    if found.asks_how:
        return group[0].kind != "table" or _fits(group[0], distinct)
    return any(_fits(block, distinct or found.wanted) for block in group)


def _continuation(found: Candidate) -> list[Block]:
    """Return the blocks of the next section if it continues the short first section of a page.

    Only a "how" question gets these blocks, and only if they contain code. Otherwise return an
    empty list.
    """
    begins_page = found.passage.path == [found.heading]
    if not (begins_page and found.asks_how and found.under_own_heading and found.following):
        return []
    if _size(found.section.blocks) > SHORT:
        return []
    following = found.following[0]
    if not any(block.kind == "code" for block in following.blocks):
        return []
    return [Block("paragraph", [f"**{following.heading}**"]), *following.blocks]


def _announces(blocks: list[Block], number: int) -> bool:
    """Return whether the block before `number` introduces the list, table or code there."""
    is_text = blocks[number].kind == "paragraph"
    return number > 0 and not is_text and _ends_with_colon(blocks[number - 1])


def _ends_with_colon(block: Block) -> bool:
    return block.kind != "code" and block.text.rstrip().endswith((":", "\uff1a"))


def _size(blocks: list[Block]) -> int:
    return sum(len(block.text.split()) for block in blocks if block.kind != "code")


def _fits(block: Block, asked: set[str]) -> bool:
    return bool(asked & set(words(block.text)))


def _shortened(block: Block, asked: set[str]) -> Block:
    """Return the best lines of a table or long list, or the best sentences of a long paragraph.

    Other blocks are returned unchanged.
    """
    if block.kind == "table":
        return replace(block, lines=_best_lines(block.lines, asked, MAX_ROWS))
    if block.kind == "list" and (len(block.lines) > MAX_ITEMS or _size([block]) > MAX_WORDS):
        return replace(block, lines=_best_lines(block.lines, asked, MAX_ROWS))
    if block.kind == "paragraph" and _size([block]) > MAX_WORDS:
        return replace(block, lines=[_around(block.text, asked)])
    return block


def _best_lines(lines: list[str], asked: set[str], limit: int) -> list[str]:
    """Return the lines that contain the most asked words, at most `limit`, in order."""
    fits = [len(asked & set(words(" ".join(cells(line))))) for line in lines]
    return [line for line, fit in zip(lines, fits, strict=True) if fit == max(fits)][:limit]


def _around(text: str, asked: set[str]) -> str:
    """Return consecutive sentences with at most `MAX_WORDS` words, but at least one sentence.

    They start with the first of the sentences with the most asked words.
    """
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    fits = [len(asked & set(words(sentence))) for sentence in sentences]
    start = fits.index(max(fits))
    kept: list[str] = []
    for sentence in sentences[start:]:
        if kept and len(" ".join([*kept, sentence]).split()) > MAX_WORDS:
            break
        kept.append(sentence)
    return " ".join(kept)
