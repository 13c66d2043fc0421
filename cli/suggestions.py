"""What a message suggests: names that were meant, and commands as they have to be typed where it was given.

``bbws-access roles list`` after ``--env prod --org Acme`` would look into another environment, and at no organisation.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from cli.overrides import Overrides

_IN_AN_ORGANISATION: Final = frozenset(
    {"access", "api", "apply", "audit", "export", "invitations", "permission-sets", "plan"}
    | {"roles", "team-roles", "teams", "undo", "users"}
)
_IN_NO_ENVIRONMENT: Final = frozenset({"commands", "context", "local"})

_AT_THE_END: Final = re.compile(r"bbws-access (?P<noun>[a-z-]+)(?: [^,;]*)?(?<!\.)\Z")
"""A sentence that goes on after a command tells of one, and suggests none."""


def meant(near: Sequence[str]) -> str:
    """The end of a message about a word that nobody knows, which offers those that are like it, if any."""
    return f". Did you mean {' or '.join(repr(one) for one in near)}?" if near else ""


def as_typed_here(message: str, given: Overrides, environ: Mapping[str, str]) -> str:
    """``message`` with the flags that the command at its end needs, to mean what was meant by ``given``.

    What ``environ`` says holds for the next command by itself.
    """
    found = _AT_THE_END.search(message)
    if found is None:
        return message
    words, noun = found.group().split(), found["noun"]
    if "--help" in words:
        return message
    env = given.env if given.env != environ.get("BBWS_ACCESS_ENV") else None
    if env is not None and noun not in _IN_NO_ENVIRONMENT and not {env, "--env"} & set(words):
        message += f" --env {shlex.quote(env)}"
    org = given.org if given.org != environ.get("BBWS_ACCESS_ORG") else None
    if org is not None and noun in _IN_AN_ORGANISATION and not {"--org", "--platform"} & set(words):
        message += f" --org {shlex.quote(org)}"
    return message
