"""Fetching a user pool's key set over HTTP(S)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final

from bbws_access.access.tokens import JwksFetcher
from bbws_access.errors import Unreachable

_TIMEOUT: Final = 3
"""Seconds; the authorizer itself has ten."""


def jwks_fetcher(url: str) -> JwksFetcher:
    """The result raises ``Unreachable``."""

    def fetch() -> Mapping[str, Any]:
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 - the URL is deployed
                document: Mapping[str, Any] = json.load(answer)
                return document
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            raise Unreachable("the user pool's key set cannot be fetched") from error

    return fetch
