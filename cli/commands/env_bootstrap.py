"""``bbws-access env bootstrap``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bbws_access.errors import InvalidInput
from cli.command import command
from cli.environment_rehearsal import tell_plan
from cli.operations import told
from cli.options import DryRunOption
from cli.session import Session
from cli.target import ConfirmOption, EnvironmentArgument, YesOption

if TYPE_CHECKING:
    from bbws_access.provisioning.plans import PlanSummary


def register(app: typer.Typer) -> None:
    """Adds this module's verb to the noun ``env``."""
    command(
        app,
        "bootstrap",
        epilog="""
        bbws-access env bootstrap dev --repository my-org/access
        bbws-access env bootstrap prod --repository my-org/access --no-oidc-provider
        """,
    )(bootstrap)


def bootstrap(
    session: Session,
    environment: EnvironmentArgument = None,
    repository: Annotated[
        str | None,
        typer.Option(
            "--repository",
            metavar="OWNER/NAME",
            envvar="GITHUB_REPOSITORY",
            help="The GitHub repository whose workflows may deploy.",
        ),
    ] = None,
    oidc_provider: Annotated[
        bool,
        typer.Option("--oidc-provider/--no-oidc-provider", help="Whether to make GitHub's; an account has one."),
    ] = True,
    yes: YesOption = False,
    confirm: ConfirmOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Make an account ready, once: a bucket and a lock for Terraform's state, and the roles that CI takes on.

    Twice is once: what is there already stays.
    """
    from bbws_access.aws_errors import translated
    from bbws_access.provisioning.account import Account
    from cli.plan_view import ask_about
    from cli.provisioning_progress import ProvisioningProgress

    session = session.at(environment)
    if session.is_local:
        raise InvalidInput(
            "local keeps its state on this machine and needs no bootstrap", hint="bbws-access env up local"
        )
    if repository is None:
        raise InvalidInput("which repository may deploy? Give --repository OWNER/NAME or set GITHUB_REPOSITORY")
    session = session.in_rehearsal() if dry_run else session
    session.announce()
    # Not in the environment's own folder: what was begun here outlives the environment.
    folder = session.state_dir / "bootstrap" / session.env_dir.name
    account = Account(session.settings, folder, session.aws_environment(), session.endpoint, session.client("s3"))
    with ProvisioningProgress() as progress, translated(f"bucket {account.bucket}"):
        if account.bucket_is_there():
            progress.step(f"Bucket {account.bucket} is there already")
        if dry_run:
            tell_plan(
                session,
                lambda agree: account.bootstrap(
                    repository, progress.event, progress.step, agree, oidc_provider=oidc_provider
                ),
            )
            return

        def agree(summary: PlanSummary) -> None:
            with progress.paused():
                ask_about(session, summary, f"the account of {session.env}", yes=yes, confirm=confirm)

        with told(session, "env.bootstrap", "environment", session.env) as words:
            done = account.bootstrap(repository, progress.event, progress.step, agree, oidc_provider=oidc_provider)
            words |= {"repository": repository, "changed": sum(done.summary.counts.values())}
    data = {
        "environment": session.env,
        "changed": sum(done.summary.counts.values()),
        "stateBucket": done.outputs.get("state_bucket_name"),
        "deployRole": done.outputs.get("deploy_role_arn"),
        "planRole": done.outputs.get("plan_role_arn"),
    }
    if session.show.is_json:
        session.show.json(data)
        return
    what = f"{data['changed']} resources changed" if data["changed"] else "nothing to do, it was ready"
    session.show.done(f"The account of {session.env} is ready: {what}.")
    session.show.record(data, {"State bucket": "stateBucket", "CI deploys as": "deployRole", "CI plans as": "planRole"})
