"""``bbws-access env status``, ``env drift`` and ``env doctor``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from bbws_access.errors import AccessError, ExitCode
from cli.command import command
from cli.commands.env_look import outputs_of
from cli.session import Session
from cli.target import EnvironmentArgument, NoLockOption, stack_of

if TYPE_CHECKING:
    from bbws_access.provisioning.doctor import Finding
    from bbws_access.provisioning.drift import Difference


def register(app: typer.Typer) -> None:
    """Adds this module's verbs to the noun ``env``."""
    command(app, "status", epilog="bbws-access env status local")(status)
    command(
        app,
        "drift",
        epilog="""
        bbws-access env drift local
        bbws-access env drift prod -o json
        """,
    )(drift)
    command(app, "doctor", epilog="bbws-access env doctor local")(doctor)


def status(session: Session, environment: EnvironmentArgument = None) -> None:
    """Show whether an environment is well, part by part; exits 3 where one needs attention."""
    from datetime import UTC, datetime
    from functools import cache

    from bbws_access.names import Names
    from bbws_access.provisioning.health import checks
    from bbws_access.provisioning.running import code_versions, running

    session = session.at(environment)
    outputs = outputs_of(session)
    session.announce()
    deployed = cache(lambda: running(session.client("lambda"), Names(session.env)))
    found = list(checks(session.client, Names(session.env), outputs, datetime.now(UTC), deployed=deployed))
    code = code_versions(deployed()) if any(check.ok for check in found if check.name == "code") else {}
    healthy = all(check.ok for check in found)
    data = {
        "environment": session.env,
        "healthy": healthy,
        "endpoint": session.endpoint or "AWS",
        "apiUrl": outputs.get("api_url"),
        "codeVersion": next((version[:12] for version in code), None),
        "checks": [check.as_data() for check in found],
    }
    if session.show.is_json:
        session.show.json(data)
    else:
        width = max(len(check.name) for check in found)
        for group, lines in groupby(found, key=lambda check: check.group):
            session.show.parts((group, "bold"))
            for check in lines:
                session.show.parts(_mark(check.ok), (f"{check.name.ljust(width)}  ", None), (check.says, None))
        session.show.record(data, {"API": "apiUrl"})
    if not healthy:
        raise typer.Exit(ExitCode.FOUND)


def drift(session: Session, environment: EnvironmentArgument = None, no_lock: NoLockOption = False) -> None:
    """Compare what stands with what was applied; exits 3 where somebody else has changed something.

    Nothing is changed. To bring it back: env up. To take it over: change the sources.
    """
    from cli.provisioning_progress import ProvisioningProgress

    session = session.at(environment)
    session.announce()
    with ProvisioningProgress() as progress:
        look = (lambda: session.client("s3")) if no_lock else None
        found = stack_of(session).drift(progress.event, progress.step, look=look)
    if session.show.is_json:
        items = [difference.as_data() for difference in found]
        session.show.json({"environment": session.env, "drifted": bool(found), "items": items, "count": len(items)})
    elif not found:
        session.show.done(f"{session.env} is as it was applied: no drift.")
    else:
        _show_drift(session, found)
    if found:
        raise typer.Exit(ExitCode.FOUND)


def _show_drift(session: Session, found: Iterable[Difference]) -> None:
    from bbws_access.provisioning.differing import differing
    from cli.plan_view import short

    resources = [(address, list(lines)) for address, lines in groupby(found, key=lambda d: d.address)]
    many = "1 resource differs" if len(resources) == 1 else f"{len(resources)} resources differ"
    session.show.parts((f"{session.env}: {many} from what was applied", "bold"))
    for address, differences in resources:
        session.show.parts((address, "yellow"))
        for difference in differences:
            if difference.attribute is None:
                session.show.parts(("    is gone", "red"))
                continue
            for path, ours, theirs in differing(difference.attribute, difference.ours, difference.theirs):
                session.show.parts((f"    {path}: ", None), (f"ours {short(ours)}", "green"))
                session.show.parts((f"    {' ' * len(path)}  theirs {short(theirs)}", "red"))


def doctor(session: Session, environment: EnvironmentArgument = None) -> None:
    """Check this machine and its credentials, and say what to mend; exits 3 where there is something."""
    session = session.at(environment)
    found: list[Finding] = []
    for finding in _findings(session):
        found.append(finding)
        if not session.show.is_json:
            session.show.parts(_mark(finding.ok), (f"{finding.name.ljust(13)}  ", None), (finding.says, None))
            if finding.fix:
                session.show.parts((f"{' ' * 17}→ {finding.fix}", "yellow"))
    well = all(finding.ok for finding in found)
    if session.show.is_json:
        session.show.json({"environment": session.env, "ok": well, "checks": [f.as_data() for f in found]})
    elif well:
        session.show.done(f"This machine can work on {session.env}.")
    if not well:
        raise typer.Exit(ExitCode.FOUND)


def _findings(session: Session) -> Iterable[Finding]:
    from bbws_access.provisioning import doctor as examination
    from bbws_access.provisioning.doctor import Finding
    from bbws_access.provisioning.workspace import state_bucket

    settings = session.settings
    yield from examination.of_machine(session.state_dir, session.env_dir, os.environ, local=session.is_local)
    yield examination.of_region(settings.region, os.environ)
    try:
        endpoint = session.endpoint
    except AccessError as error:
        yield Finding("endpoint", False, error.message, error.hint)
        return
    yield Finding("endpoint", True, endpoint or f"AWS in {settings.region}")
    yield from examination.of_aws(
        session.unchecked_client("sts"),
        lambda: session.unchecked_client("s3"),
        expected=settings.account_id,
        emulated=endpoint is not None,
        bucket=None if session.is_local else state_bucket(session.env),
        env=session.env,
    )


def _mark(ok: bool) -> tuple[str, str | None]:
    return ("  ok  ", "green") if ok else ("  !!  ", "bold red")
