"""An environment's settings: the variable files in ``terraform/environments``, which Terraform reads too."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints, ValidationError

from bbws_access.errors import InvalidInput, ProvisioningFailed

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]


class EnvironmentSettings(BaseModel):
    """One environment. ``account_id`` is ``None`` until somebody says which AWS account it lives in.

    Rates are requests per second, retention is days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    environment: str
    region: str
    account_id: AccountId | None
    mail_from: EmailStr
    emulated: bool = False
    point_in_time_recovery: bool = True
    deletion_protection: bool
    replica_regions: tuple[str, ...] = Field(default=(), strict=False)
    audit_lock_mode: str = "GOVERNANCE"
    time_driven: bool = True
    authorizer_concurrency: Annotated[int, Field(ge=0)] = 0
    throttle_rate: Annotated[int, Field(ge=1)]
    throttle_burst: Annotated[int, Field(ge=1)]
    log_retention_days: Annotated[int, Field(ge=1)] = 30
    audit_log_retention_days: Annotated[int, Field(ge=1)] = 90


def terraform_root() -> Path:
    """The Terraform sources: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package.parent / "terraform", package / "_terraform"):
        if (candidate / "main.tf").is_file():
            return candidate
    raise ProvisioningFailed("this installation lacks its Terraform sources", hint="install bbws-access again")


def names() -> list[str]:
    """The environments that are configured."""
    found = (p.name.removesuffix(".tfvars.json") for p in (terraform_root() / "environments").glob("*.tfvars.json"))
    return sorted(found)


def settings_file(env: str) -> Path:
    """Raises :class:`InvalidInput` for an environment that nobody configured."""
    known = names()
    if env not in known:
        raise InvalidInput(f"there is no environment {env!r}; there are {', '.join(known)}")
    return terraform_root() / "environments" / f"{env}.tfvars.json"


@cache
def load(env: str) -> EnvironmentSettings:
    """Raises :class:`InvalidInput` for an unknown environment or a file that does not fit."""
    path = settings_file(env)
    try:
        settings = EnvironmentSettings.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise InvalidInput(f"{path.name} does not fit: {_first_line(error)}") from error
    if settings.environment != env:
        raise InvalidInput(f"{path.name} describes environment {settings.environment!r}")
    return settings


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
    return str(error).splitlines()[0]
