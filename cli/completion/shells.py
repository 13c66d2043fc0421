"""How bash, zsh and fish ask what a word may become, and how they are told. Typer writes the scripts that do so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TextIO

from cli.completion import index
from cli.completion.line import Item, completed

_BREAKS: Final = frozenset("@:=")
"""Characters at which bash takes one word for several; one of an address is among them."""


def answer(instruction: str, environment: Mapping[str, str], out: TextIO) -> int:
    """Of ``complete_SHELL``; the result is the exit code, by which fish knows whether there is anything."""
    shell = _SHELLS.get(instruction.removeprefix("complete_"))
    return 0 if shell is None else shell(environment, out)


def _bash(environment: Mapping[str, str], out: TextIO) -> int:
    words = _bash_words(environment["COMP_WORDS"])
    at = int(environment["COMP_CWORD"])
    whole, replaced = _together(words[: at + 1] + [""] * (at + 1 - len(words)))
    for word, _ in _found(whole, environment):
        out.write(f"{word[len(whole[-1]) - replaced :]}\n")
    return 0


def _zsh(environment: Mapping[str, str], out: TextIO) -> int:
    items = _found(_words_of_line(environment), environment)
    described = " ".join(_quoted(_described(*item)) for item in items)
    out.write(f"local -a offered; offered=({described}); _describe bbws-access offered\n" if items else "_files\n")
    return 0


def _fish(environment: Mapping[str, str], out: TextIO) -> int:
    items = _found(_words_of_line(environment), environment)
    if environment.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        return 0 if items else 1  # otherwise it offers files
    out.writelines(f"{word}\t{said}\n" if said else f"{word}\n" for word, said in items)
    return 0


_SHELLS: Final[dict[str, Callable[[Mapping[str, str], TextIO], int]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}


def _found(words: Sequence[str], environment: Mapping[str, str]) -> list[Item]:
    """``words`` are the whole line: the program's name first, what is being typed last."""
    return completed(index.read(), words[1:-1], words[-1], environment)


def _bash_words(text: str) -> list[str]:
    """As its script joins them, by the end of a line; or as one would type them."""
    return ["".join(_split(word)[:1]) for word in text.split("\n")] if "\n" in text else _split(text)


def _together(words: Sequence[str]) -> tuple[list[str], int]:
    """The words as they were typed, and how much of the end of the last one it is that bash replaces.

    At ``:`` and ``=`` a new word begins after the character, at ``@`` with it.
    """
    whole: list[str] = []
    before = ""
    for place, word in enumerate(words):
        if place > 1 and (_breaks(word) or _breaks(before)):
            whole[-1] += word
        else:
            whole.append(word)
        before, last = word, before
    if _breaks(words[-1]):
        return whole, int(words[-1].endswith("@"))
    return whole, len(words[-1]) + int(last.endswith("@") and bool(words[-1]))


def _breaks(word: str) -> bool:
    return bool(word) and set(word) <= _BREAKS


def _words_of_line(environment: Mapping[str, str]) -> list[str]:
    """Of zsh and fish, which hand the line over up to the cursor."""
    line = environment["_TYPER_COMPLETE_ARGS"]
    words = _split(line)
    return [*words, ""] if len(words) < 2 or line[-1:].isspace() else words


def _split(line: str) -> list[str]:
    """As a shell would; a quote that is still open ends where the line does."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        for word in lexer:
            words.append(word)  # noqa: PERF402 - what was read before an open quote counts
    except ValueError:
        words.append(lexer.token)
    return words


def _described(word: str, said: str) -> str:
    """In the words of zsh's ``_describe``."""
    name = re.sub(r"([\\:])", r"\\\1", word)
    return f"{name}:{' '.join(said.split())}" if said else name


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
