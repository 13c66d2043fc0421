"""What the deployed functions run, as Lambda itself says: whoever else deploys leaves no word of it on this machine."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from bbws_access.catalogue import FUNCTIONS, Function
from bbws_access.names import Names

ALIAS: Final = "live"
_THREADS: Final = 8


@dataclass(frozen=True, slots=True)
class Running:
    """What a function's alias ``live`` leads to: a version, the SHA-256 of its code in hex, and Lambda's word on it.

    ``state`` is Active, Inactive (idle for long, and woken by the next call), Pending or Failed.
    """

    version: str
    code: str
    state: str


def running(client: Any, names: Names, functions: Sequence[Function] = FUNCTIONS) -> dict[str, Running | None]:
    """By the functions' names; ``None`` where there is no such function, or no alias. ``client`` is Lambda's.

    Each is asked by its name, eight at a time: to list them is a right over all functions of an account.
    """

    def ask(function: Function) -> Running | None:
        try:
            found = client.get_function_configuration(FunctionName=names.function(function), Qualifier=ALIAS)
        except client.exceptions.ResourceNotFoundException:
            return None
        code = b64decode(found["CodeSha256"]).hex()
        return Running(str(found["Version"]), code, str(found.get("State", "Active")))

    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip((f.name for f in functions), pool.map(ask, functions), strict=True))


def code_versions(found: Mapping[str, Running | None]) -> Counter[str]:
    """How many functions run which code, by its SHA-256; one entry unless something is half done."""
    return Counter(one.code for one in found.values() if one is not None)
