"""Where somebody works: an environment, an organisation and an AWS profile under one name, kept in a file.

A flag goes before an environment variable, that before the context in use, that before what is the default.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from bbws_access.errors import AccessError, InvalidInput, NotFound

_FILE: Final = "contexts.json"

_LONGEST: Final = 50
"""Characters of a context's name."""


@dataclass(frozen=True, slots=True)
class Context:
    """``org`` is an id or a name; ``profile`` is one of the AWS CLI's."""

    env: str
    org: str | None = None
    profile: str | None = None


@dataclass(slots=True)
class Contexts:
    """Those of a user, and the name of the one in use; a change is lost unless :meth:`keep` follows it."""

    folder: Path
    named: dict[str, Context] = field(default_factory=dict)
    in_use: str | None = None

    @classmethod
    def read(cls, folder: Path) -> Contexts:
        """Raises :class:`AccessError` for a file that is damaged: nobody guesses where a command should work."""
        path = folder / _FILE
        try:
            data: Any = json.loads(path.read_text(encoding="utf-8"))
            named = {str(name): Context(**found) for name, found in data["contexts"].items()}
            in_use = data["inUse"]
        except FileNotFoundError:
            return cls(folder)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise _damaged(path) from None
        values = [value for one in named.values() for value in (one.org, one.profile) if value is not None]
        texts = [*values, *(one.env for one in named.values())]
        if not all(isinstance(text, str) for text in texts) or (in_use is not None and in_use not in named):
            raise _damaged(path)
        return cls(folder, named, in_use)

    @property
    def current(self) -> Context | None:
        return None if self.in_use is None else self.named[self.in_use]

    def profile_of(self, env: str) -> str | None:
        """The AWS profile that all contexts of an environment agree on, if they name one."""
        named = {one.profile for one in self.named.values() if one.env == env and one.profile is not None}
        return named.pop() if len(named) == 1 else None

    def create(self, name: str, context: Context) -> None:
        """Raises :class:`InvalidInput` for a name that cannot be, or is taken."""
        if not 1 <= len(name) <= _LONGEST or not name.isprintable() or name != name.strip():
            raise InvalidInput(f"a context's name has 1 to {_LONGEST} printable characters")
        if name in self.named:
            raise InvalidInput(
                f"there is a context {name!r} already", hint=f"bbws-access context remove {shlex.quote(name)}"
            )
        self.named[name] = context

    def use(self, name: str | None) -> None:
        """From now on; ``None`` is none. Raises :class:`NotFound`."""
        if name is not None:
            self.get(name)
        self.in_use = name

    def remove(self, name: str) -> None:
        """Raises :class:`NotFound`."""
        self.get(name)
        del self.named[name]
        if self.in_use == name:
            self.in_use = None

    def get(self, name: str) -> Context:
        """Raises :class:`NotFound`."""
        if name not in self.named:
            raise NotFound(f"there is no context {name!r}", code="CONTEXT_NOT_FOUND", hint="bbws-access context list")
        return self.named[name]

    def keep(self) -> None:
        """Writes them down as they are now; raises :class:`AccessError` (``CANNOT_WRITE``)."""
        from bbws_access.whole_file import draft_of

        data = {"inUse": self.in_use, "contexts": {name: asdict(one) for name, one in sorted(self.named.items())}}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AccessError(f"cannot write {self.folder / _FILE}: {error.strerror}", code="CANNOT_WRITE") from error
        with draft_of(self.folder / _FILE, option="BBWS_ACCESS_STATE_DIR") as draft:
            draft.out.write(json.dumps(data, ensure_ascii=False, indent=2).encode())


def _damaged(path: Path) -> AccessError:
    return AccessError(f"{path} cannot be read as contexts", code="CONTEXTS_DAMAGED", hint="mend it, or remove it")
