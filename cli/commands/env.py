"""``bbws-access env``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.errors import AccessError, InvalidInput, ProvisioningFailed, Refused
from cli.command import command, noun
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.provisioning.stack import Stack

app = noun("Stand an environment up, look at it, take it down.")

EnvironmentArgument = Annotated[
    str | None, typer.Argument(metavar="[ENV]", help="local, dev, sit or prod; else that of --env.")
]


@command(
    app,
    "up",
    epilog="""
    bbws-access env up local
    bbws-access env up local --port 4566
    """,
)
def up(
    session: Session,
    environment: EnvironmentArgument = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1024, max=65535, help="Port of the local AWS; else one is chosen.")
    ] = None,
) -> None:
    """Stand an environment up, or bring it to what the sources say."""
    from time import monotonic

    from cli.provisioning_progress import ProvisioningProgress

    session = session.at(environment)
    began = monotonic()
    with ProvisioningProgress() as progress:
        if session.is_local:
            progress.step("Starting the local AWS")
            session.emulator.start(port=port, region=session.settings.region)
        elif port is not None:
            raise InvalidInput("--port is for the local environment")
        session.check_account()
        applied = stack_of(session).apply(progress.event, progress.step)
        session.keep_outputs(applied.outputs)
    summary = applied.outcome.summary
    changed = summary.total if summary else 0
    data = {
        "environment": session.env,
        "changed": changed,
        "seconds": round(monotonic() - began, 1),
        "apiUrl": applied.outputs["api_url"],
        "table": applied.outputs["dynamodb_table_name"],
    }
    if session.show.is_json:
        session.show.json(data)
        return
    what = f"{changed} resources changed" if changed else "nothing to change"
    session.show.done(f"{session.env} is up: {what}, {data['seconds']} s.")
    session.show.record(data, {"API": "apiUrl", "Table": "table"})


@command(
    app,
    "down",
    epilog="""
    bbws-access env down local
    bbws-access env down local --erase
    """,
)
def down(
    session: Session,
    environment: EnvironmentArgument = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Remove everything in it as well: users, audit trail, all.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the local environment; its data stays and comes back with env up, unless --erase says otherwise.

    The other environments have nothing to stop: they go only with --erase, and prod not at all on AWS.
    """
    session = session.at(environment)
    if session.is_local:
        _down_local(session, erase=erase, yes=yes)
    else:
        _destroy(session, erase=erase, yes=yes)


def _down_local(session: Session, *, erase: bool, yes: bool) -> None:
    if erase:
        session.confirm(f"Erase everything in {session.env}: its users, its audit trail, all of it?", yes=yes)
        session.emulator.erase()
        session.forget_state()
        session.show.done("local is gone, and everything that was in it.")
    elif session.emulator.stop():
        session.show.done("local is down; its data stays. Bring it back: bbws-access env up local")
    else:
        session.show.done("Nothing to do: local is not running.")


def _destroy(session: Session, *, erase: bool, yes: bool) -> None:
    from cli.provisioning_progress import ProvisioningProgress

    if not erase:
        raise InvalidInput(f"{session.env} has nothing to stop; --erase removes it with everything in it")
    if session.env == "prod" and session.endpoint is None:
        raise Refused("prod is not taken down on AWS")
    session.announce()
    session.confirm(f"Erase {session.env} with everything in it?", yes=yes)
    with ProvisioningProgress() as progress:
        stack_of(session).destroy(progress.event, progress.step)
        session.forget_state()
    session.show.done(f"{session.env} is gone.")


@command(app, "status", epilog="bbws-access env status local")
def status(session: Session, environment: EnvironmentArgument = None) -> None:
    """Show whether an environment's parts answer; exits 1 where one does not."""
    session = session.at(environment)
    outputs = session.outputs
    checks = {
        "table": _check(lambda: _table_status(session, outputs["dynamodb_table_name"])),
        "userPool": _check(lambda: _pool_status(session, outputs["user_pool_id"])),
        "api": _check(lambda: _api_status(outputs["api_url"])),
    }
    healthy = all(check.startswith("ok") for check in checks.values())
    data = {
        "environment": session.env,
        "healthy": healthy,
        "endpoint": session.endpoint or "AWS",
        "apiUrl": outputs["api_url"],
        "codeVersion": outputs["code_version"][:12],
        **checks,
    }
    fields = {
        "Environment": "environment",
        "Healthy": "healthy",
        "AWS at": "endpoint",
        "API": "apiUrl",
        "Code": "codeVersion",
        "Table": "table",
        "User pool": "userPool",
        "API answers": "api",
    }
    session.show.record(data, fields)
    if not healthy:
        raise ProvisioningFailed(f"{session.env} is not healthy", hint=f"bbws-access env up {session.env}")


@command(app, "outputs", epilog="bbws-access env outputs local -o json")
def outputs(session: Session, environment: EnvironmentArgument = None) -> None:
    """Show what Terraform put out: names, ids and addresses."""
    session = session.at(environment)
    found = session.outputs
    session.show.record(found, {name: name for name in sorted(found)})


def stack_of(session: Session) -> Stack:
    """The environment's stack, pointed at where its AWS is."""
    from bbws_access.provisioning.stack import Stack

    return Stack(session.settings, Path(session.env_dir), session.aws_environment(), session.endpoint)


def _check(probe: Any) -> str:
    try:
        return f"ok ({probe()})"
    except AccessError as error:
        return f"failed: {error.message}"


def _table_status(session: Session, name: str) -> str:
    from bbws_access.aws_errors import translated

    with translated(f"table {name}"):
        table = session.client("dynamodb").describe_table(TableName=name)["Table"]
    return f"{table['TableStatus'].lower()}, {len(table.get('GlobalSecondaryIndexes', []))} indexes"


def _pool_status(session: Session, pool_id: str) -> str:
    from bbws_access.aws_errors import translated

    with translated("the user pool"):
        session.client("cognito-idp").describe_user_pool(UserPoolId=pool_id)
    return pool_id


def _api_status(url: str) -> str:
    """Without a token every door must be closed: anything but a 401 is a failure."""
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{url}/v1/platform/permissions", timeout=10) as answer:  # noqa: S310 - our own
            raise ProvisioningFailed(f"it answers {answer.status} without a token")
    except urllib.error.HTTPError as error:
        if error.code == 401:
            return "asks for a token"
        raise ProvisioningFailed(f"it answers {error.code} without a token") from error
    except OSError as error:
        raise ProvisioningFailed("it does not answer") from error
