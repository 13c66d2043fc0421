"""Asking whoever sits at the terminal; where nobody does, a question is a refusal that says what to add."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bbws_access.errors import InvalidInput, Refused
from cli.safety import safe


def somebody_reads() -> bool:
    """Whether somebody sits at a terminal and sees the data there."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class Asking:
    """Of a session: ``env`` is the environment that is asked about; a ``dry_run`` loses nothing."""

    env: str
    dry_run: bool

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str, *, yes: bool) -> None:
        """Raises :class:`Refused` unless ``yes`` or whoever sits at the terminal agrees; the default is no.

        A dry run loses nothing, and does not ask.
        """
        if yes or self.dry_run:
            return
        if not self.interactive:
            raise Refused("this asks for a confirmation, and nobody is there to give it", hint="repeat it with --yes")
        import typer

        if not typer.confirm(safe(question), default=False, err=True):
            raise Refused("nothing was done")

    def may_replace(self, target: Path, *, overwrite: bool) -> None:
        """Raises :class:`Refused` where ``target`` is there and nobody agrees that it goes; the default is no.

        To be asked before the work is done. A dry run writes nothing, and does not ask.
        """
        if overwrite or self.dry_run or not target.is_file():
            return
        if not self.interactive:
            raise Refused(f"{target} is there already", hint="choose another name, or add --overwrite")
        self.confirm(f"{target} is there already. Replace it?", yes=False)

    def confirm_name(self, question: str, *, yes: bool, given: str | None) -> None:
        """As :meth:`confirm`, but what is asked for is the environment's name; ``given`` is it, said beforehand.

        A ``yes`` alone is not enough for prod.
        """
        if given is not None:
            if given != self.env:
                raise Refused(f"--confirm says {given!r}, and this is {self.env}")
            return
        if yes and self.env != "prod":
            return
        if yes or not self.interactive:
            needed = "--yes --confirm prod" if self.env == "prod" else "--yes"
            raise Refused(f"{self.env} asks for a confirmation, and nobody is there to give it", hint=f"add {needed}")
        import typer

        asked = safe(f"{question} Type its name ({self.env})")
        if typer.prompt(asked, default="", show_default=False, err=True) != self.env:
            raise Refused("nothing was done")

    def password(self, *, new: bool = True) -> str:
        """From ``BBWS_ACCESS_PASSWORD``, or asked for, a ``new`` one twice; never a flag, which others can see."""
        given = os.environ.get("BBWS_ACCESS_PASSWORD")
        if given:
            return given
        if not self.interactive:
            raise InvalidInput("a password is needed", hint="set BBWS_ACCESS_PASSWORD, or run this in a terminal")
        import typer

        found: str = typer.prompt("Password", hide_input=True, confirmation_prompt=new, err=True)
        return found
