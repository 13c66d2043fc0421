"""What ministack's Lambda lacks for our stack. This file goes away on the day that it lacks nothing.

* A handler that raises: Lambda reports the error and keeps the environment for the next invocation, ministack
  ends the process and pays another cold start. An authorizer says "Unauthorized" by raising, so that every refused
  token cost most of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ministack.core import lambda_runtime

_RAISED: Final = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
"""What the process of a Python function answers when its handler raised, while it goes on living."""

_KEPT: Final = '{"status": "ok", "raised": {"error": str(e), "trace": traceback.format_exc()}}'
"""The same, so that ministack takes it for an answer and leaves the process alone."""


def install() -> None:
    """Keeps a function's process when its handler raises, once. Raises ``RuntimeError`` for an unknown ministack."""
    original: Callable[..., dict[str, Any]] = lambda_runtime.Worker.invoke
    if getattr(original, "keeps_process", False):
        return
    if lambda_runtime._PYTHON_WORKER_SCRIPT.count(_RAISED) != 1:
        raise RuntimeError("ministack runs Python functions in another way than this was written for")
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(_RAISED, _KEPT)

    def invoke(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        response = original(self, *args, **kwargs)
        raised = response.pop("raised", None)
        return response if raised is None else {**response, "status": "error", **raised}

    invoke.keeps_process = True  # type: ignore[attr-defined]
    lambda_runtime.Worker.invoke = invoke
