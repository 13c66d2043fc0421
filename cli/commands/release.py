"""``bbws-access release``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bbws_access.errors import AccessError, InvalidInput
from cli.command import command, noun
from cli.environment_rehearsal import tell_up
from cli.operations import told
from cli.options import DryRunOption
from cli.session import Session
from cli.target import ConfirmOption, EnvironmentArgument, YesOption, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bbws_access.provisioning.plans import PlanSummary
    from bbws_access.provisioning.stack import Stack

app = noun("Build the functions' code, and bring it to an environment.")

_LOOK_EVERY: Final = 1.0
"""Seconds between two looks at the sources while watching."""


@command(
    app,
    "build",
    epilog="""
    bbws-access release build
    bbws-access release build --to dist -o json
    """,
)
def build(
    session: Session,
    to: Annotated[Path, typer.Option("--to", help="The folder for the two packages.")] = Path("build"),
    lock: Annotated[
        bool, typer.Option("--lock", help="First choose the newest versions of what the functions depend on, anew.")
    ] = False,
) -> None:
    """Build what runs on Lambda: the code, and its dependencies for python3.12 on arm64 as a layer.

    The same commit gives the same bytes, wherever and whenever it is built. The dependencies come from the
    package registry and are held against the lock.
    """
    from bbws_access.provisioning import layer
    from bbws_access.provisioning.package import build_code_package, source_root

    try:
        to.mkdir(parents=True, exist_ok=True)
        if lock:
            session.show.note("Resolving …")
            layer.LOCK.write_text(layer.resolve(), encoding="utf-8")
        session.show.note("Building …")
        packages = {
            "code": build_code_package(source_root(), to / "code.zip"),
            "layer": layer.build_layer(layer.LOCK.read_text(encoding="utf-8"), to / "layer.zip"),
        }
    except OSError as error:
        raise InvalidInput(f"{error.filename or to} cannot be written: {error.strerror or error}") from error
    layer.require_fit(*packages.values())
    rows = [
        {"package": name, "path": str(p.path), "sha256": p.sha256, "files": p.files, "bytesUnpacked": p.unpacked}
        for name, p in packages.items()
    ]
    if session.show.is_json:
        session.show.table(rows, {}, empty="")
        return
    sizes = [f"{p.unpacked / 2**20:.1f} MB" for p in packages.values()]
    shown = [{**row, "unpacked": size} for row, size in zip(rows, sizes, strict=True)]
    columns = {"Package": "package", "Unpacked": "unpacked", "Files": "files", "Path": "path", "SHA-256": "sha256"}
    session.show.table(shown, columns, empty="")


@command(
    app,
    "deploy",
    epilog="""
    bbws-access release deploy local
    bbws-access release deploy local --watch
    bbws-access release deploy prod --dry-run
    """,
)
def deploy(
    session: Session,
    environment: EnvironmentArgument = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Deploy again whenever the sources change; Ctrl-C ends it.")
    ] = False,
    yes: YesOption = False,
    confirm: ConfirmOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Deploy the functions' code as it is here; what has not changed is not touched.

    Outside of the own machine the plan is shown and asked about, as env up does.
    """
    from cli.plan_view import ask_about

    session = session.at(environment)
    if dry_run:
        tell_up(session, replan=True)
        return
    session.announce()
    stack = stack_of(session)

    def agree(summary: PlanSummary) -> None:
        if not session.is_local:
            ask_about(session, summary, session.env, yes=yes, confirm=confirm)

    version = _deploy(session, stack, agree)
    while watch:
        time.sleep(_LOOK_EVERY)
        if stack.code_version() == version:
            continue
        try:
            version = _deploy(session, stack, agree)
        except AccessError as error:
            # Half-written sources are normal while somebody works on them: say it and go on watching.
            session.show.note(f"not deployed: {error.message}")
            version = stack.code_version()


def _deploy(session: Session, stack: Stack, agree: Callable[[PlanSummary], None]) -> str:
    from cli.provisioning_progress import ProvisioningProgress

    began = time.monotonic()
    with ProvisioningProgress() as progress, told(session, "release.deploy", "environment", session.env) as words:

        def paused(summary: PlanSummary) -> None:
            with progress.paused():
                agree(summary)

        applied = stack.apply(progress.event, progress.step, agree=paused)
        session.keep_outputs(applied.outputs)
        words |= {"changed": applied.changed, "codeVersion": applied.package.sha256}
    version = applied.package.sha256
    seconds = round(time.monotonic() - began, 1)
    changed = applied.changed
    if session.show.is_json:
        session.show.json({"environment": session.env, "codeVersion": version, "changed": changed, "seconds": seconds})
    else:
        session.show.done(f"{session.env} runs code {version[:12]}: {changed} resources changed, {seconds} s.")
    return version
