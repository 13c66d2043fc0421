"""Between ministack and the state file: what of each service is saved, and how it is put back.

The one module that knows ministack from inside. It builds on what ministack's services offer for this,
``get_state`` and ``load_persisted_state``, and adds what they leave out. All functions here run on
ministack's event loop, where no request can come in between: what they capture is consistent.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence

from bbws_access.emulator.statefile import Collection

DYNAMODB = "dynamodb"
LAMBDA = "lambda"

_LEFT_OUT = {
    # Stores that ``get_state`` does not return, by service.
    "ses": ("_sent_emails",),
    "s3": ("_object_retention", "_object_legal_hold"),
}
OWN_CHANGES_ONLY = (DYNAMODB, LAMBDA)
"""Services that nothing but their own requests changes."""

GROWING = ("cloudwatch_logs", "cloudwatch")
"""Services that grow with use, and are expensive to save in the end."""

_EXTRA = "bbws:"
_BLOB = re.compile(r'"code_blob_ref": "([0-9a-f]{64})"')


def services_of(method: str, path: str, headers: dict[str, str], query: dict[str, list[str]]) -> tuple[str, ...]:
    """The services whose state a request may change; empty if ministack does not say."""
    service = app.detect_service(method, path, headers, query)
    config = app.SERVICE_REGISTRY.get(app.SERVICE_NAME_ALIASES.get(service, service))
    if config is None:
        return ()
    return (config.get("state_key", config["module"]), *config.get("sub_modules", ()))


def loaded() -> list[str]:
    """The services that are in use."""
    return [service for service in app._state_map if _module(service) is not None]


def capture(service: str) -> tuple[Any, dict[str, Collection] | None]:
    """The state of a service that is in use, copied, and its collections if it has any.

    The state is ``None`` if the service has none. Raises what ``get_state`` raises: ``RuntimeError``, if a
    thread of ministack was just changing the state.
    """
    module = _module(service)
    if module is None:
        return None, None
    if service == DYNAMODB:
        return _capture_dynamodb(module)
    if service == LAMBDA:
        # Deletes the code that no function refers to any more, which the last save still does.
        with _replaced(module, "_prune_orphan_code_blobs", lambda _referenced: None):
            return module.get_state(), None
    with _replaced(module, "copy", _Copier()) if getattr(module, "copy", None) is copy else nullcontext():
        state = module.get_state()
    if state is not None and service in _LEFT_OUT:
        state |= {_EXTRA + name: _Copier.deepcopy(getattr(module, name)) for name in _LEFT_OUT[service]}
    return state, None


def encode(state: Any) -> str:
    """A captured state as JSON text; may run on any thread."""
    return json.dumps(state, default=persistence._json_default)


def restore(documents: dict[str, str], collections: dict[str, Collection]) -> None:
    """Put back what was saved; raises whatever is wrong with it."""
    for service, module_name in app._state_map.items():
        if service not in documents:
            continue
        state = json.loads(documents[service], object_hook=persistence._json_object_hook)
        if service == DYNAMODB:
            _give_items(state, collections)
        module = app._get_module(module_name)
        module.load_persisted_state(state)
        for name in _LEFT_OUT.get(service, ()):
            if _EXTRA + name in state:
                getattr(module, name).update(state[_EXTRA + name])
    if LAMBDA in documents:
        _mend_lambda(_module(LAMBDA), documents[LAMBDA])


def sync_code(document: str, already: set[str]) -> None:
    """Force to the disk the code that the Lambda document refers to, ``already`` known code excepted."""
    from ministack.services import lambda_svc

    for name in set(_BLOB.findall(document)) - already:
        with (Path(lambda_svc.CODE_BLOB_DIR) / f"{name}.zip").open("rb") as blob:
            os.fsync(blob.fileno())
        already.add(name)


class _Copier:
    """Stands in for the module ``copy`` in ``get_state``.

    Several times faster, and in one step as far as other threads can see: ministack answers requests to
    Cognito on threads, which change its users while ``copy.deepcopy`` walks over them.
    """

    @staticmethod
    def deepcopy(value: Any) -> Any:
        try:
            return pickle.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))  # noqa: S301 - nobody else's data
        except (pickle.PicklingError, AttributeError, TypeError):
            return copy.deepcopy(value)


def _module(service: str) -> Any:
    name = app._state_map.get(service)
    module = app._loaded_modules.get(name) or sys.modules.get(f"ministack.services.{name}")
    return module if hasattr(module, "get_state") else None


@contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    original = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, original)


def _capture_dynamodb(module: Any) -> tuple[Any, dict[str, Collection]]:
    """As ``get_state``, which copies every item deeply; here items are shared, as nobody changes them."""
    collections: dict[str, Collection] = {}
    tables, backups = type(module._tables)(), type(module._backups)()
    for scope, table in module._tables.all_items():
        tables.set_scoped(*scope, _without(table, "items", module._INDEX_MEMBERS))
        collections[_collection("table", scope)] = {pk: dict(rows) for pk, rows in list(table["items"].items())}
    for scope, backup in module._backups.all_items():
        backups.set_scoped(*scope, _without(backup, "_items_snapshot"))
        collections[_collection("backup", scope)] = backup.get("_items_snapshot", {})
    with _replaced(module, "_tables", tables), _replaced(module, "_backups", backups):
        return module.get_state(), collections


def _give_items(state: Any, collections: dict[str, Collection]) -> None:
    for kind, store, attribute in (("table", "tables", "items"), ("backup", "backups", "_items_snapshot")):
        for scope, record in state[store].all_items():
            record[attribute] = collections.get(_collection(kind, scope), {})


def _collection(kind: str, scope: Iterable[str]) -> str:
    return json.dumps([kind, *scope])


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def _mend_lambda(module: Any, document: str) -> None:
    """Finish what the last process began: ministack's threads for it ended with that process."""
    for function in module._functions._data.values():
        for version in (function, *function.get("versions", {}).values()):
            config = version.get("config", {})
            if (config.get("SnapStart") or {}).get("OptimizationStatus") != "On":
                if config.get("State") == "Pending":
                    config["State"] = "Active"
                if config.get("LastUpdateStatus") == "InProgress":
                    config["LastUpdateStatus"] = "Successful"
    module._prune_orphan_code_blobs(set(_BLOB.findall(document)))
