"""A terminal that a person could have: what stands on its screen, and which of its lines did not fit."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LINES = 400
"""Nothing scrolls out of sight."""


@dataclass(frozen=True)
class Screen:
    """``lines`` are as the terminal shows them, ``whole`` as they were printed: where they differ, one was wrapped."""

    lines: list[str]
    whole: list[str]
    code: int


class Tmux:
    """One window of ``columns``, in a server of its own; ``program`` runs as ``bbws-access`` there."""

    def __init__(self, folder: Path, columns: int, program: str, environment: Mapping[str, str]) -> None:
        self._words = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        shell = folder / "shell"
        shell.write_text(f'PS1="$ "\nbbws-access() {{ {program} "$@"; }}\n', encoding="utf-8")
        given = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        size = ["-x", str(columns), "-y", str(LINES)]
        self._tmux("new-session", "-d", *size, *given, "bash", "--noprofile", "--rcfile", str(shell))
        self._tmux("send-keys", f"{' '.join(self._words)} wait-for -S ready", "Enter")
        self._tmux("wait-for", "ready")

    def run(self, line: str) -> Screen:
        """Types the line, and looks at the screen when it is done."""
        self._tmux("send-keys", "-l", f"clear; {line}; echo = $?; {' '.join(self._words)} wait-for -S done")
        self._tmux("send-keys", "Enter")
        self._tmux("wait-for", "done")
        lines, whole = (self._shown(*how) for how in ((), ("-J",)))
        end = max(place for place, text in enumerate(lines) if text.startswith("= "))
        return Screen(
            lines[:end], whole[: max(n for n, t in enumerate(whole) if t.startswith("= "))], int(lines[end][2:])
        )

    def end(self) -> None:
        self._tmux("kill-server")

    def _shown(self, *how: str) -> list[str]:
        text = self._tmux("capture-pane", "-p", *how)
        return [line.rstrip() for line in text.rstrip().splitlines()]

    def _tmux(self, *words: str) -> str:
        return subprocess.run([*self._words, *words], check=True, capture_output=True, text=True, timeout=120).stdout
