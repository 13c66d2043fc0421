"""Links into the API for people outside, made from the request that is being served.

Terraform cannot tell the functions the API's address, which it knows only after them; the gateway's
own words about the request do. What the client says of itself, such as ``Host``, is never asked:
a link goes to somebody else, and would carry their token to wherever it points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from bbws_access.errors import ProvisioningFailed

_event: ContextVar[Mapping[str, Any] | None] = ContextVar("event", default=None)


@contextmanager
def serving(event: Mapping[str, Any]) -> Iterator[None]:
    """Links are those of this request, meanwhile."""
    token = _event.set(event)
    try:
        yield
    finally:
        _event.reset(token)


class Links:
    """``public_url`` is the address that was configured, ``endpoint_url`` an emulator's; either may be ``None``."""

    def __init__(self, public_url: str | None, endpoint_url: str | None) -> None:
        self._public_url = public_url
        self._endpoint_url = endpoint_url

    def invitation(self, token: str) -> str:
        """The address of an invitation's page. Raises ``ProvisioningFailed`` outside of a request."""
        return f"{self._base()}/invite/{token}"

    def _base(self) -> str:
        if self._public_url:
            return self._public_url.rstrip("/")
        event = _event.get() or {}
        context = event.get("requestContext") or {}
        if self._endpoint_url:
            api, stage = context.get("apiId"), context.get("stage")
            if api and stage:
                return f"{self._endpoint_url.rstrip('/')}/restapis/{api}/{stage}/_user_request_"
        elif domain := context.get("domainName"):
            return f"https://{domain}{_mount(str(context.get('path') or ''), str(event.get('resource') or ''))}"
        raise ProvisioningFailed("the API's public address is not known", hint="set BBWS_PUBLIC_URL")


def _mount(path: str, resource: str) -> str:
    """What stands before the resource: the stage, or the base path of a custom domain."""
    return "/".join(path.rstrip("/").split("/")[: -resource.count("/")])
