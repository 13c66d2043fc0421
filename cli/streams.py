"""stdin, stdout and stderr as they are found: closed, full, without a reader, or of few letters."""

from __future__ import annotations

import codecs
import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})

_PLAIN: Final = {"─": "-", "·": "|", "…": ".", "→": ">", "✓": "+", "✗": "x"}
"""What this tool draws with, as wide in ASCII; the rest becomes an escape that JSON knows too."""


class ReaderGone(Exception):
    """Whoever read the output has gone, as ``head`` does. Not an ``OSError``: click would exit with 1 for that."""


def prepare_streams() -> None:
    """A closed stream is one to nowhere, and its number no file's that is opened later.

    A file or a pipe gets UTF-8 whatever the locale says, as JSON and CSV are read; a terminal that has no
    such letters gets others, and no failure.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - as long as we live
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        _speak(stream)


def _speak(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding=None if stream.isatty() else "utf-8", errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter) or _escape(letter) for letter in letters), error.end


def _escape(letter: str) -> str:
    units = letter.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def is_full(error: OSError) -> bool:
    """Whether there was no room for what was to be written."""
    return error.errno in _FULL


def forget_output() -> None:
    """What stdout still holds goes nowhere: the interpreter would fail over it once more at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
