"""What can be installed besides, and is asked for only where it is needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from bbws_access.errors import AccessError


def needed(module: str, extra: str, what: str) -> ModuleType:
    """The module; raises :class:`AccessError` (``EXTRA_MISSING``) with what to install. ``what`` needs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise AccessError(
            f"{what} needs {module.partition('.')[0]}, which is not installed",
            code="EXTRA_MISSING",
            hint=f"pip install 'bbws-access[{extra}]'",
        ) from error
