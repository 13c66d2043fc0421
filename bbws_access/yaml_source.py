"""YAML that people write and keep in git, read strictly: what a line seems to say is what it means.

The values are text, whole numbers, ``true``, ``false``, ``null``, lists and mappings. What makes YAML
surprising or dangerous is an error that names file and line: duplicate keys, anchors and aliases (a few lines can
stand for gigabytes), tags, merge keys, tabs, a second document. ``no``, ``1.0`` and ``2024-01-01`` are text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bbws_access.errors import InvalidInput
from bbws_access.validation import said

MAX_BYTES: Final = 4 * 1024 * 1024
"""Of a file: many tens of thousands of lines, more than anybody reviews."""

MAX_DEPTH: Final = 20
"""Lists and mappings inside each other."""

MAX_VALUES: Final = 250_000
"""In a file, so that one of nothing but brackets does not fill the memory."""

_SHOWN: Final = 60
"""Characters of the file's own words that an error repeats."""

_NUMBER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_UNPRINTABLE: Final = re.compile(r"[^\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END: Final = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML counts as the end of a line."""

_Loader: Final[Any] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

M = TypeVar("M", bound=BaseModel)

Steps = Sequence[str | int]
"""Where something stands: keys of mappings and places in lists, from the outside."""


@dataclass(slots=True)
class _Place:
    """The line (from 1) of a value, and of what is in it: by key, by index, or nothing."""

    line: int
    inside: dict[str | int, _Place] = field(default_factory=dict)


class YamlSource:
    """A file that was read: plain ``data``, the ``digest`` of its bytes (SHA-256, hex), and the line of everything."""

    def __init__(self, name: str, data: Any, digest: str, place: _Place) -> None:
        self.name = name
        self.data = data
        self.digest = digest
        self._place = place

    def line(self, path: Steps = ()) -> int:
        """Of what stands at ``path``, or of the innermost thing around it that is in the file."""
        place = self._place
        for step in path:
            inside = place.inside.get(step)
            if inside is None:
                break
            place = inside
        return place.line

    def error(self, path: Steps, cause: str) -> InvalidInput:
        """``cause`` in one line, after the file and the line of ``path``."""
        return _refused(self.name, self.line(path), cause)

    def checked(self, model: type[M]) -> M:
        """The file as a ``model``.

        Raises :class:`InvalidInput` for the first line that does not fit; ``details["problems"]`` has all of them.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise self.refusal(self._problems(error)) from None

    def refusal(self, problems: Iterable[tuple[Steps, str]]) -> InvalidInput:
        """The first of ``problems``, by its line, and how many more there are; ``details["problems"]`` has them all."""
        found = sorted((self.line(path), cause) for path, cause in problems)
        line, cause = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return InvalidInput(
            f"{self.name}:{line}: {cause}{more}",
            details={"problems": [{"line": line, "cause": cause} for line, cause in found]},
        )

    def _problems(self, error: ValidationError) -> Iterator[tuple[Steps, str]]:
        for problem in error.errors(include_url=False, include_input=False):
            path, words = problem["loc"], said(problem)
            named = next((step for step in reversed(path) if isinstance(step, str)), None)
            yield path, f"the file {words}" if not path else words if named is None else f"{shortened(named)}: {words}"


def read_yaml(path: Path, *, limit: int = MAX_BYTES) -> YamlSource:
    """Reads ``path``; raises :class:`InvalidInput` with one line that names file, line and cause."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror or error}") from None
    return parse_yaml(content, str(path), limit=limit)


def parse_yaml(content: bytes, name: str, *, limit: int = MAX_BYTES) -> YamlSource:
    """As :func:`read_yaml`, from what a file called ``name`` holds."""
    if len(content) > limit:
        raise InvalidInput(f"{name}: is longer than {limit} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(name, content.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None
    odd = _UNPRINTABLE.search(text)
    if odd is not None:
        what = "a tab; indent with spaces" if odd.group() == "\t" else f"the character U+{ord(odd.group()):04X}"
        raise _refused(name, len(_LINE_END.findall(text, 0, odd.start())) + 1, f"has {what}")
    try:
        data, place = _Composer(name).compose(yaml.parse(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refused(name, mark.line + 1 if mark else 1, f"is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _refused(name, 1, f"is not YAML: {shortened(str(error))}") from None
    return YamlSource(name, data, hashlib.sha256(content).hexdigest(), place)


@dataclass(slots=True)
class _Open:
    """A list or a mapping whose end has not come; ``key`` is the one that waits for its value."""

    value: dict[str, Any] | list[Any]
    place: _Place
    key: str | None = None
    key_line: int = 0


class _Composer:
    """Makes values from the parser's events, without recursion."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Open] = []
        self._values = 0
        self._found: tuple[Any, _Place] | None = None

    def compose(self, events: Iterator[Any]) -> tuple[Any, _Place]:
        for event in events:
            line = event.start_mark.line + 1
            match event:
                case yaml.DocumentStartEvent() if self._found is not None:
                    raise self._refused(line, "has a second document; one file says one thing")
                case yaml.AliasEvent():
                    raise self._refused(line, f"uses an alias, *{shortened(str(event.anchor))}; write it out")
                case yaml.NodeEvent():
                    self._node(event, line)
                case yaml.CollectionEndEvent():
                    done = self._open.pop()
                    self._place(done.value, done.place)
        if self._found is None or self._found[0] is None:
            raise self._refused(1, "is empty")
        return self._found

    def _node(self, event: Any, line: int) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._refused(line, f"has more than {MAX_VALUES} values")
        if event.anchor is not None:
            raise self._refused(line, f"has an anchor, &{shortened(event.anchor)}; write it out where it is needed")
        if event.tag is not None:
            raise self._refused(line, f"has a tag, {shortened(event.tag)}; values have none here")
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, event, line)
        elif isinstance(event, yaml.ScalarEvent):
            self._place(_scalar(event), _Place(line))
        elif len(self._open) == MAX_DEPTH:
            raise self._refused(line, f"goes deeper than {MAX_DEPTH} levels")
        else:
            self._open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], _Place(line)))

    def _key(self, top: _Open, event: Any, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refused(line, "has a list or a mapping as a key")
        key = event.value
        if key == "":
            raise self._refused(line, "has a key without a name")
        if key == "<<":
            raise self._refused(line, "has a merge key, <<; write it out")
        if key in top.value:
            first = top.place.inside[key].line
            raise self._refused(line, f"has {shortened(key)} a second time; the first is in line {first}")
        top.key, top.key_line = key, line

    def _place(self, value: Any, place: _Place) -> None:
        if not self._open:
            self._found = (value, place)
            return
        top = self._open[-1]
        if isinstance(top.value, list):
            top.place.inside[len(top.value)] = place
            top.value.append(value)
        else:
            assert top.key is not None
            place.line = top.key_line
            top.value[top.key], top.place.inside[top.key], top.key = value, place, None

    def _refused(self, line: int, cause: str) -> InvalidInput:
        return _refused(self._name, line, cause)


def _scalar(event: Any) -> str | int | bool | None:
    text = str(event.value)
    if not event.implicit[0]:  # in quotes, or a block of text
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _NUMBER.fullmatch(text) else text


def _refused(name: str, line: int, cause: str) -> InvalidInput:
    return InvalidInput(f"{name}:{line}: {cause}", details={"problems": [{"line": line, "cause": cause}]})


def shortened(words: str) -> str:
    """Of words from a file as many as an error shows."""
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"
