"""A small HTTP client for servers of this machine: no proxies, no redirects, bounded in time and size."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


def get_json(endpoint: str, path: str, *, timeout: float, limit: int) -> Any:
    """The JSON document at ``path`` of ``endpoint`` (``http://host:port``).

    ``timeout`` is in seconds, for connecting and for each read; ``limit`` is the largest body, in bytes.
    Raises ``OSError`` if nobody answers and ``ValueError`` if the answer is not a JSON document.
    """
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"not an HTTP endpoint: {endpoint}")
    # Not urllib.request: it would go through the user's HTTP proxy, and follow a stranger's redirect.
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(limit + 1)
    except http.client.HTTPException as error:
        raise ValueError(f"{endpoint} does not speak HTTP") from error
    finally:
        connection.close()
    if response.status != 200 or len(body) > limit:
        raise ValueError(f"{endpoint}{path} answered {response.status} with {len(body)} bytes")
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError(f"{endpoint}{path} answered with a document nested too deep") from error
