"""Calling the deployed API over HTTP."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from bbws_access.errors import InvalidInput, Unreachable

TIMEOUT: Final = 60.0
"""Seconds; the gateway itself answers after at most 29, a first call on an emulator is slow."""

_LARGEST: Final = 10 * 1024 * 1024
"""Bytes: the largest answer that API Gateway gives."""

_SAFE: Final = "/:@!$&'()*+,;=-._~%"
"""Of a path; what is escaped already stays as it is."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """One answer; ``seconds`` is how long it took."""

    status: int
    reason: str
    headers: dict[str, str]
    text: str = field(repr=False)
    seconds: float

    @property
    def json(self) -> Any:
        """The body as JSON, or ``None`` where it is something else."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id") or self.headers.get("x-amzn-requestid")


class RestApi:
    """The API at ``url``; ``token`` is sent along with every request, and nowhere else."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = urlsplit(url)
        self._token = token

    def call(self, method: str, path: str, query: Sequence[tuple[str, str]] = (), body: str | None = None) -> ApiAnswer:
        """One request; ``path`` is below the API's address. Redirects are not followed. Raises ``Unreachable``."""
        headers = {"Accept": "application/json", "User-Agent": "bbws-access"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        # Not urllib.request: it would follow a redirect and take the token along.
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(str(self._url.hostname), self._url.port, timeout=TIMEOUT)
        began = time.monotonic()
        try:
            target = self._url.path.rstrip("/") + quote(path, safe=_SAFE) + (f"?{urlencode(query)}" if query else "")
            connection.request(method, target, body.encode() if body is not None else None, headers)
            response = connection.getresponse()
            text = response.read(_LARGEST + 1).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable("the API does not answer", hint="bbws-access env status") from error
        except ValueError as error:  # such as control characters, which http.client refuses
            raise InvalidInput(f"{method} {path} is no request") from error
        finally:
            connection.close()
        received = {name.lower(): value for name, value in response.getheaders()}
        return ApiAnswer(response.status, response.reason, received, text, time.monotonic() - began)
