"""``bbws-access auth``."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.errors import AccessError, ExitCode, InvalidInput
from cli.command import command, noun
from cli.completion import offers
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.access.principal import Principal

app = noun("Who you are, and tokens for the API.")


_STDIN = "-"
_LONGEST = 100_000
"""Characters that are read of stdin; a token has a few thousand."""


class Kind(StrEnum):
    """The user pool's tokens that the API takes."""

    ID = "id"
    ACCESS = "access"


PasswordFileOption = Annotated[
    Path | None,
    typer.Option("--password-file", help="A file with the password; else BBWS_ACCESS_PASSWORD, or a prompt."),
]


@command(
    app,
    "token",
    epilog="""
    TOKEN=$(bbws-access auth token --user thandi@example.com)
    bbws-access auth token --user thandi@example.com --password-file ./password
    """,
)
def token(
    session: Session,
    user: Annotated[str, typer.Option("--user", help="The address to sign in with.", autocompletion=offers.users)],
    kind: Annotated[Kind, typer.Option("--kind", help="Which token; the API takes either.")] = Kind.ID,
    password_file: PasswordFileOption = None,
) -> None:
    """Sign in and print a token, and nothing else, on stdout."""
    from cli.signing_in import signed_in

    tokens = signed_in(session, user, password_file)
    found = tokens.id_token if kind is Kind.ID else tokens.access_token
    if session.show.is_json:
        session.show.json({"token": found, "kind": kind.value, "expiresIn": tokens.expires_in})
    else:
        sys.stdout.write(f"{found}\n")


@command(
    app,
    "whoami",
    epilog="""
    bbws-access auth whoami
    bbws-access auth whoami --user thandi@example.com
    bbws-access auth token --user thandi@example.com | bbws-access auth whoami --token-file -
    """,
)
def whoami(
    session: Session,
    user: Annotated[
        str | None, typer.Option("--user", help="What the API would know of this user.", autocompletion=offers.users)
    ] = None,
    token_file: Annotated[
        str | None, typer.Option("--token-file", help="What the API would know of this token's user; - is stdin.")
    ] = None,
) -> None:
    """Show who acts at the command line and where, or what the API would know of a user."""
    if user is not None and token_file is not None:
        raise InvalidInput("--user or --token-file, not both")
    if user is None and token_file is None:
        account, arn = session.caller
        where = {"environment": session.env, "awsAt": session.endpoint or "AWS", "region": session.settings.region}
        fields = {"Caller": "caller", "Account": "account", "Environment": "environment", "Region": "region"}
        session.show.record({"caller": arn, "account": account, **where}, {**fields, "AWS at": "awsAt"})
        return
    principal = _by_email(session, user) if user is not None else _by_token(session, str(token_file))
    data = _principal_data(principal)
    if not session.show.is_json:
        data["teams"] = [f"{team} ({', '.join(can)})" for team, can in data["teams"].items()]
    session.show.record(data, _PRINCIPAL_FIELDS)


@command(
    app,
    "decode",
    epilog="""
    bbws-access auth token --user thandi@example.com | bbws-access auth decode
    bbws-access auth decode - < token.txt
    """,
)
def decode(
    session: Session,
    token: Annotated[
        str | None, typer.Argument(metavar="[TOKEN|-]", help="The token; else it is read from stdin.")
    ] = None,
) -> None:
    """Show what a token says and whether the environment would take it; exits 3 where it would not."""
    from bbws_access.access.reading import read_token
    from bbws_access.clock import SystemClock

    text = _given(token)
    read = read_token(text, SystemClock().now())
    verified, reason = _verification(session, text)
    data: dict[str, Any] = {"verified": verified, "verification": reason, "validity": read.validity}
    fields = {"Verified": "verification", "Validity": "validity"}
    for part, values in (("header", read.header), ("claims", read.claims)):
        data[part] = values
        data |= {f"{part}.{name}": value for name, value in values.items()} if not session.show.is_json else {}
        fields |= {name: f"{part}.{name}" for name in values}
    session.show.record(data, fields)
    if verified is False:
        raise typer.Exit(ExitCode.FOUND)


def _verification(session: Session, text: str) -> tuple[bool | None, str]:
    """Whether the authorizer would take the token, and in words; ``None`` where that cannot be found out."""
    from bbws_access.errors import Unauthenticated

    try:
        _verified(session, text)
    except Unauthenticated as refused:
        return False, f"no: {refused.message} ({refused.code})"
    except AccessError as error:
        return None, f"not checked: {error.message}"
    return True, f"yes: the authorizer of {session.env} takes it"


def _verified(session: Session, text: str) -> Any:
    from bbws_access.access.tokens import KeySet, TokenVerifier
    from bbws_access.adapters.jwks import jwks_fetcher
    from bbws_access.clock import SystemClock

    outputs, clock = session.outputs, SystemClock()
    keys = KeySet(jwks_fetcher(outputs["jwks_url"]), clock)
    return TokenVerifier(keys, outputs["issuer"], outputs["user_pool_client_id"], clock).verify(text)


def _given(text: str | None) -> str:
    """``None``, or a dash, is stdin."""
    if text in {None, _STDIN}:
        text = sys.stdin.read(_LONGEST)
    assert text is not None
    if not text.strip():
        raise InvalidInput("there is no token to read", hint="bbws-access auth token --user EMAIL")
    return text.strip()


# --- what the API would know -------------------------------------------------------------------------

_PRINCIPAL_FIELDS = {
    "User id": "userId",
    "Email": "email",
    "Organisation": "organisationId",
    "Roles": "roleIds",
    "Permissions": "permissions",
    "On the platform": "platformPermissions",
    "In their teams": "teamPermissions",
    "Teams": "teams",
}


def _by_email(session: Session, email: str) -> Principal:
    from bbws_access.adapters.cognito import CognitoDirectory
    from bbws_access.errors import NotFound
    from bbws_access.text import fold_email

    directory = CognitoDirectory(session.client("cognito-idp"), session.outputs["user_pool_id"])
    account = directory.find(fold_email(email.strip()))
    if account is None:
        raise NotFound(f"{email} has no account", code="USER_NOT_FOUND", hint="bbws-access users list")
    return _load(session, account.user_id, account.organisation_id)


def _by_token(session: Session, token_file: str) -> Principal:
    try:
        text = _given(None) if token_file == _STDIN else Path(token_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--token-file {token_file} cannot be read") from error
    claims = _verified(session, text.strip())
    return _load(session, claims.subject, claims.organisation_id)


def _load(session: Session, user_id: str, organisation_id: str | None) -> Principal:
    from bbws_access.access.principal import PrincipalLoader
    from bbws_access.clock import SystemClock
    from bbws_access.names import Names
    from bbws_access.store.table import Table

    table = Table(session.client("dynamodb"), Names(session.env).table)
    return PrincipalLoader(table, SystemClock()).load(user_id, organisation_id, or_elsewhere=True)


def _principal_data(principal: Principal) -> dict[str, Any]:
    actor = principal.actor
    return {
        "userId": actor.id,
        "email": actor.email,
        "organisationId": actor.organisation_id,
        "roleIds": list(principal.role_ids),
        "permissions": sorted(actor.permissions),
        "platformPermissions": sorted(actor.platform_permissions),
        "teamPermissions": sorted(actor.team_permissions),
        "teams": {team: sorted(can) for team, can in sorted(actor.team_capabilities.items())},
    }
