"""An environment's settings: the variable files in ``terraform/environments``, which Terraform reads too.

Which AWS account an environment lives in may be said outside of the sources as well, so that whoever runs the
platform need not change them: in ``BBWS_ACCESS_ACCOUNTS``, one value for all environments.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bbws_access.errors import InvalidInput, ProvisioningFailed
from bbws_access.validation import field_errors

ACCOUNTS: Final = "BBWS_ACCESS_ACCOUNTS"
"""The environment variable that names accounts: ``dev=111111111111 sit=222222222222``."""

_ACCOUNT: Final = re.compile(r"([a-z]+)=([0-9]{12})")

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]

Address = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
"""Enough for a file in the sources; the parser of all that RFC 5322 allows takes 20 ms to import, in every command."""


class EnvironmentSettings(BaseModel):
    """One environment. ``account_id`` is ``None`` until somebody says which AWS account it lives in.

    Rates are requests per second, retention is days. ``lambda_concurrency_limit`` is how many functions AWS lets the
    account run at once, at 80 % of which an alarm rings: 1000 unless AWS says another number, 10 in a new account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    environment: str
    region: str
    account_id: AccountId | None
    mail_from: Address
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
    lambda_concurrency_limit: Annotated[int, Field(ge=10)] = 1000


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


def where_account_is_set(env: str) -> str:
    """What to do where an environment names no account, in one phrase."""
    return f"set account_id in terraform/environments/{env}.tfvars.json, or {ACCOUNTS}={env}=<twelve digits>"


def with_account(settings: EnvironmentSettings, accounts: str | None) -> EnvironmentSettings:
    """The settings with the account that ``accounts``, the text of ``BBWS_ACCESS_ACCOUNTS``, names for them.

    It completes the file and never overrules it: raises :class:`InvalidInput` where they name different accounts,
    or where the text does not fit, even in what it says of another environment.
    """
    account = _accounts(accounts or "").get(settings.environment)
    if account is None or account == settings.account_id:
        return settings
    if settings.account_id is not None:
        raise InvalidInput(
            f"{ACCOUNTS} says that {settings.environment} is account {account}, "
            f"but its file says {settings.account_id}",
            hint=f"correct one of them: terraform/environments/{settings.environment}.tfvars.json",
        )
    return settings.model_copy(update={"account_id": account})


def _accounts(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, re.split(r"[\s,]+", text)):
        match = _ACCOUNT.fullmatch(part)
        if match is None or match[1] in found or match[1] not in names():
            raise InvalidInput(
                f"{ACCOUNTS} does not fit at {part[:80]!r}",
                hint=f"write it as {ACCOUNTS}='dev=111111111111 prod=222222222222'",
            )
        found[match[1]] = match[2]
    return found


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{name}: {words}" for name, words in field_errors(error).items())
    return str(error).splitlines()[0]
