"""What is being typed: a command, an option, or the value of one or of an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.completion.index import FILES
from cli.completion.names import offered

Item = tuple[str, str]
"""A word and what is said of it."""


@dataclass(slots=True)
class _Line:
    """The words before the one that is typed: where they lead, and what they say."""

    common: Mapping[str, Any]
    node: Mapping[str, Any]
    given: dict[str, str] = field(default_factory=dict)
    arguments: int = 0
    valueless: str | None = None
    """The option whose value comes next."""
    only_arguments: bool = False

    @property
    def options(self) -> dict[str, Any]:
        return {**self.common, **self.node.get("options", {})}

    def take(self, word: str) -> bool:
        """Whether there is such a command."""
        if self.valueless is not None:
            self.given[self.valueless] = word
            self.valueless = None
        elif self.only_arguments or len(word) < 2 or not word.startswith("-"):
            if "commands" not in self.node:
                self.arguments += 1
            elif word in self.node["commands"]:
                self.node = self.node["commands"][word]
            else:
                return False
        elif word == "--":
            self.only_arguments = True
        else:
            self._take_option(word)
        return True

    def _take_option(self, word: str) -> None:
        flag, has_value, value = word.partition("=")
        if flag not in self.options and not word.startswith("--"):  # -qo, or -ojson
            for place, letter in enumerate(word[1:], start=2):
                flag, value = f"-{letter}", word[place:]
                if "offers" in self.options.get(flag, {}):
                    has_value = value
                    break
        if "offers" not in self.options.get(flag, {}):
            return
        if has_value:
            self.given[flag] = value
        else:
            self.valueless = flag


def completed(index: Mapping[str, Any], words: Sequence[str], start: str, environment: Mapping[str, str]) -> list[Item]:
    """What ``start``, which stands after ``words``, may become; none leaves it to the shell, which knows files."""
    line = _Line(index["common"], index["root"])
    if not all(line.take(word) for word in words):
        return []
    if line.valueless is not None:
        return _values(line, line.options[line.valueless]["offers"], start, environment)
    if start.startswith("-") and not line.only_arguments:
        flag, has_value, value = start.partition("=")
        if has_value:
            offers = line.options.get(flag, {}).get("offers")
            return [(f"{flag}={word}", said) for word, said in _values(line, offers, value, environment)]
        return _beginning(start, ((name, said["help"]) for name, said in line.options.items()))
    if "commands" in line.node:
        return _beginning(start, ((name, below["help"]) for name, below in line.node["commands"].items()))
    arguments = line.node.get("arguments", [])
    if line.arguments < len(arguments):
        return _values(line, arguments[line.arguments]["offers"], start, environment)
    if arguments and arguments[-1]["many"]:
        return _values(line, arguments[-1]["offers"], start, environment)
    return []


def _values(line: _Line, offers: Any, start: str, environment: Mapping[str, str]) -> list[Item]:
    if offers is None or offers == FILES:
        return []
    if isinstance(offers, list):
        return _beginning(start, ((word, "") for word in offers))

    def said(flag: str) -> str | None:
        return line.given.get(flag) or environment.get(line.common[flag]["variable"]) or None

    return [(name, "") for name in offered(offers["names"], start, env=said("--env"), org=said("--org"))]


def _beginning(start: str, items: Iterable[Item]) -> list[Item]:
    return sorted(item for item in items if item[0].casefold().startswith(start.casefold()))
