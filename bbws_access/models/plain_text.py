"""Text that people give, and other people read: nothing in it is invisible, or shows it for something else.

What is refused on the way in may be in the table already: records take any text, and whatever shows it makes it safe.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_BEYOND: Final = r"\u007f-\u009f\u2028-\u202e\u2066-\u2069"
"""More controls, separators of lines, and what turns the direction of the text around it.

Letters of every script stay, with the marks and joiners that Persian, Hindi and emoji are written with.
"""


@dataclass(frozen=True, slots=True)
class PlainText:
    """As an annotation of a string: refuses the characters in ``refused``, a class of a regular expression."""

    refused: str
    words: str

    @property
    def pattern(self) -> str:
        """What the API's document says of it."""
        return rf"^[^{self.refused}]*$"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        found = re.compile(f"[{self.refused}]")

        def check(text: str) -> str:
            if found.search(text):
                raise ValueError(self.words)
            return text

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}


ONE_LINE: Final = PlainText(
    rf"\u0000-\u001f{_BEYOND}", "has a line break, a control character or a mark that turns the text's direction"
)
"""Of names."""

LINES: Final = PlainText(
    rf"\u0000-\u0008\u000b\u000c\u000e-\u001f{_BEYOND}",
    "has a control character or a mark that turns the text's direction",
)
"""Of descriptions and messages, which may have line feeds and tabs."""
