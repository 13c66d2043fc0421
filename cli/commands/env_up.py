"""``bbws-access env plan``, ``env up``, ``env down`` and ``env unlock``."""

from __future__ import annotations

import re
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.errors import ExitCode, InvalidInput, Refused
from cli.command import command
from cli.environment_rehearsal import tell_down, tell_steps, tell_up
from cli.operations import failures_told, told
from cli.options import DryRunOption
from cli.session import PROD, Session
from cli.target import ConfirmOption, DataLossOption, EnvironmentArgument, NoLockOption, YesOption, stack_of

if TYPE_CHECKING:
    from bbws_access.provisioning.plans import PlanSummary


def register(app: typer.Typer) -> None:
    """Adds this module's verbs to the noun ``env``."""
    command(
        app,
        "plan",
        epilog="""
        bbws-access env plan prod
        bbws-access env plan prod --detailed-exitcode -o json
        bbws-access env plan prod --digest-to plan.digest
        bbws-access env plan dev --no-lock
        """,
    )(plan)
    command(
        app,
        "up",
        epilog="""
        bbws-access env up local
        bbws-access env up local --port 4566
        bbws-access env up dev --yes
        bbws-access env up prod --dry-run
        bbws-access env up prod --yes --confirm prod
        bbws-access env up prod --yes --confirm prod --approved "$(cat plan.digest)"
        """,
    )(up)
    command(
        app,
        "down",
        epilog="""
        bbws-access env down local
        bbws-access env down local --erase
        bbws-access env down local --erase --dry-run
        bbws-access env down dev --allow-data-loss
        """,
    )(down)
    command(app, "unlock", epilog="bbws-access env unlock sit")(unlock)


def plan(
    session: Session,
    environment: EnvironmentArgument = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 3 where there is something to change.")
    ] = False,
    digest_to: Annotated[
        Path | None,
        typer.Option("--digest-to", metavar="FILE", help="Write the plan's digest there, for env up --approved."),
    ] = None,
    no_lock: NoLockOption = False,
) -> None:
    """Show what env up would change, and keep that plan: the next env up applies exactly it, or refuses."""
    from cli.plan_view import show_plan
    from cli.provisioning_progress import ProvisioningProgress

    session = session.at(environment)
    session.announce()
    with ProvisioningProgress() as progress:
        look = (lambda: session.client("s3")) if no_lock else None
        summary, digest = stack_of(session).plan(progress.event, progress.step, look=look)
    if digest_to is not None:
        _write_digest(digest_to, digest)
    if session.show.is_json:
        pending = {"pending": not summary.is_empty, "digest": digest}
        session.show.json({"environment": session.env, **pending, **summary.as_data()})
    elif summary.is_empty:
        session.show.done(f"{session.env} is as the sources say: nothing to change.")
    else:
        show_plan(session.show, session.env, summary)
        session.show.note(f"This plan is kept. Apply exactly it: bbws-access env up {session.env}")
    if detailed_exitcode and not summary.is_empty:
        raise typer.Exit(ExitCode.FOUND)


def _write_digest(file: Path, digest: str) -> None:
    try:
        file.write_text(f"{digest}\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be written: {error.strerror or error}") from error


def up(
    session: Session,
    environment: EnvironmentArgument = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1024, max=65535, help="Port of the local AWS; else one is chosen.")
    ] = None,
    replan: Annotated[
        bool, typer.Option("--replan", help="Forget the plan that env plan kept; make a new one.")
    ] = False,
    approved: Annotated[
        str | None,
        typer.Option("--approved", metavar="DIGEST", help="Apply only the plan with this digest, of env plan."),
    ] = None,
    allow_data_loss: DataLossOption = False,
    yes: YesOption = False,
    confirm: ConfirmOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Stand an environment up, or bring it to what the sources say.

    A plan that env plan has kept is applied as it is, or refused where anything has moved since. Else one is
    made, shown and asked about: for prod by its name, for dev and sit with yes or no. Local asks nothing. Where the
    plan was made and approved on another machine, --approved holds this one to it.
    """
    from cli.plan_view import ask_about
    from cli.provisioning_progress import ProvisioningProgress

    session = session.at(environment)
    if approved is not None and not re.fullmatch(r"[0-9a-f]{64}", approved):
        raise InvalidInput(
            "--approved is not a plan's digest, of 64 digits and letters a to f", hint="bbws-access env plan -o json"
        )
    if dry_run:
        tell_up(session, replan=replan, approved=approved)
        return
    began = monotonic()
    with ProvisioningProgress() as progress:
        if session.is_local:
            progress.step("Starting the local AWS")
            session.emulator.start(port=port, region=session.settings.region)
        elif port is not None:
            raise InvalidInput("--port is for the local environment")
        session.announce()
        stack = stack_of(session)
        if replan:
            stack.drop_plan()

        def agree(summary: PlanSummary) -> None:
            if not session.is_local:
                with progress.paused():
                    ask_about(session, summary, session.env, yes=yes, confirm=confirm)

        with told(session, "env.up", "environment", session.env) as words:
            applied = stack.apply(
                progress.event,
                progress.step,
                kept=stack.kept_plan,
                approved=approved,
                allow_data_loss=allow_data_loss,
                agree=agree,
            )
            session.keep_outputs(applied.outputs)
            words |= {"changed": applied.changed, "codeVersion": applied.package.sha256}
    data = {
        "environment": session.env,
        "changed": applied.changed,
        "seconds": round(monotonic() - began, 1),
        "apiUrl": applied.outputs["api_url"],
        "table": applied.outputs["dynamodb_table_name"],
    }
    if session.show.is_json:
        session.show.json(data)
        return
    what = f"{applied.changed} resources changed" if applied.changed else "nothing to change"
    session.show.done(f"{session.env} is up: {what}, {data['seconds']} s.")
    session.show.record(data, {"API": "apiUrl", "Table": "table"})


def down(
    session: Session,
    environment: EnvironmentArgument = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Remove everything in it as well: users, audit trail, all.")
    ] = False,
    allow_data_loss: DataLossOption = False,
    yes: YesOption = False,
    confirm: ConfirmOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Stop the local environment; its data stays and comes back with env up, unless --erase says otherwise.

    The other environments have nothing to stop: they go with all that is in them, and only where
    --allow-data-loss says so. Prod does not go at all on AWS.
    """
    session = session.at(environment)
    if dry_run and (session.is_local or erase or allow_data_loss):
        tell_down(session, erase=erase)
    elif session.is_local:
        _down_local(session, erase=erase, yes=yes)
    elif session.env == PROD and session.endpoint is None:
        raise Refused("prod is not taken down on AWS")
    elif erase or allow_data_loss:
        _destroy(session, allow_data_loss=allow_data_loss, yes=yes, confirm=confirm)
    else:
        raise InvalidInput(f"{session.env} has nothing to stop; --allow-data-loss removes it with everything in it")


def _down_local(session: Session, *, erase: bool, yes: bool) -> None:
    if erase:
        session.confirm(f"Erase everything in {session.env}: its users, its audit trail, all of it?", yes=yes)
        session.emulator.erase()
        session.forget_state()
        session.show.done("local is gone, and everything that was in it.")
    elif _stopped(session):
        session.show.done("local is down; its data stays. Bring it back: bbws-access env up local")
    else:
        session.show.done("Nothing to do: local is not running.")


def _stopped(session: Session) -> bool:
    """Told before it is done: afterwards there is nobody to tell."""
    if session.emulator.find() is not None:
        with told(session, "env.down", "environment", session.env):
            pass
    return session.emulator.stop()


def _destroy(session: Session, *, allow_data_loss: bool, yes: bool, confirm: str | None) -> None:
    from cli.plan_view import counts_line, show_plan
    from cli.provisioning_progress import ProvisioningProgress

    session.announce()
    with ProvisioningProgress() as progress:

        def agree(summary: PlanSummary) -> None:
            with progress.paused():
                if not session.show.is_json:
                    show_plan(session.show, session.env, summary)
                session.confirm_name(f"Erase {session.env} ({counts_line(summary)})?", yes=yes, given=confirm)

        # Where it succeeds, its trail goes with it; the archive stays.
        with failures_told(session, "env.down", "environment", session.env):
            outcome = stack_of(session).destroy(
                progress.event, progress.step, allow_data_loss=allow_data_loss, agree=agree
            )
        session.forget_state()
    removed = outcome.summary.remove if outcome is not None and outcome.summary is not None else 0
    if session.show.is_json:
        session.show.json({"environment": session.env, "removed": removed})
    elif removed:
        session.show.done(f"{session.env} is gone: {removed} resources removed.")
    else:
        session.show.done(f"Nothing to do: there is nothing of {session.env}.")


def unlock(
    session: Session,
    environment: EnvironmentArgument = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Show who holds the lock of an environment's state, and release it after asking.

    Whoever holds it may still be at work: two applies at once damage the state.
    """
    session = session.at(environment)
    session = session.in_rehearsal() if dry_run else session
    session.announce()
    stack = stack_of(session)
    lock = stack.lock(lambda: session.client("s3"))
    if dry_run:
        tell_steps(session, *([] if lock is None else [f"release lock {lock.lock_id}, {lock.told()}"]))
        return
    data = {"environment": session.env, "released": lock is not None}
    if lock is not None:
        session.show.note(f"The state of {session.env} is locked {lock.told()} (lock {lock.lock_id}).")
        session.confirm(f"Release it? Be sure that this {lock.held_for.split()[-1]} has died.", yes=yes)
        with told(session, "env.unlock", "environment", session.env) as words:
            words |= {"lock": lock.lock_id, "heldBy": lock.who, "operation": lock.operation}
            stack.unlock(lock)
        data |= {"lock": {"id": lock.lock_id, "operation": lock.operation, "who": lock.who, "created": lock.created}}
    if session.show.is_json:
        session.show.json(data)
    elif lock is None:
        session.show.done(f"Nothing to do: the state of {session.env} is not locked.")
    else:
        session.show.done(f"The state of {session.env} is free again.")
