"""An apply that was cut off: what it made but could not write down is found by its name and taken into the state.

When Terraform is told to stop, or dies, a request may be on its way: AWS makes the resource, and nobody hears
the answer. The next apply then fails, for the name is taken. Only after an apply that was cut off is such a
resource taken for ours; at any other time it is somebody else's, and stays a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bbws_access.errors import ProvisioningFailed

_MARK: Final = "apply.cut-off"

_TAKEN: Final = re.compile(r"already ?(exists|own)|AlreadyExist|AlreadyOwned|ResourceConflict|ResourceInUse")
"""How AWS's services say that a name is taken: ResourceAlreadyExistsException, EntityAlreadyExists, …"""

_Planned = Mapping[str, tuple[str, Mapping[str, Any]]]

IMPORT_IDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "aws_api_gateway_stage": lambda a: f"{a['rest_api_id']}/{a['stage_name']}",
    "aws_cloudwatch_log_group": lambda a: str(a["name"]),
    "aws_dynamodb_table": lambda a: str(a["name"]),
    "aws_iam_role": lambda a: str(a["name"]),
    "aws_lambda_alias": lambda a: f"{a['function_name']}/{a['name']}",
    "aws_lambda_function": lambda a: str(a["function_name"]),
    "aws_lambda_permission": lambda a: (
        f"{a['function_name']}{':' + a['qualifier'] if a.get('qualifier') else ''}/{a['statement_id']}"
    ),
    "aws_s3_bucket": lambda a: str(a["bucket"]),
}
"""What an import calls a resource, from its planned attributes; the provider documents it kind by
kind. Here are the kinds whose creation fails where the name is taken: others are made by a request that says
the same twice."""


class CutOff:
    """Whether an apply has begun in ``folder`` that has not come to its end."""

    def __init__(self, folder: Path) -> None:
        self._mark = folder / _MARK

    def __bool__(self) -> bool:
        return self._mark.exists()

    def begin(self) -> None:
        """Before anything is done."""
        self._mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._mark.touch()

    def end(self) -> None:
        """Terraform has come to its end, and its state says what is there."""
        self._mark.unlink(missing_ok=True)


def ended_by_itself(error: ProvisioningFailed) -> bool:
    """Whether Terraform has told its errors, and not died."""
    return bool(error.details.get("errors"))


def taken(error: ProvisioningFailed, planned: _Planned) -> dict[str, str]:
    """What ``error`` says to be there already, and can be taken into the state: identifiers, by address.

    ``planned`` has the kind and attributes of what is still to be made, by address.
    """
    return dict(_there_already(error, planned))  # an error may be told more than once


def _there_already(error: ProvisioningFailed, planned: _Planned) -> Iterator[tuple[str, str]]:
    for told in error.details.get("errors", ()):
        kind, attributes = planned.get(told["where"], ("", {}))
        if kind in IMPORT_IDS and _TAKEN.search(f"{told['summary']} {told['detail']}"):
            try:
                yield told["where"], IMPORT_IDS[kind](attributes)
            except KeyError:
                continue  # its name is not known yet, so it was not this that failed for its name
