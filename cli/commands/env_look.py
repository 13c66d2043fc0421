"""``bbws-access env list``, ``env show``, ``env outputs`` and ``env diff``: reading, without asking AWS."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bbws_access.errors import InvalidInput, NotFound
from cli.command import command
from cli.session import Session
from cli.target import EnvironmentArgument, stack_of


def register(app: typer.Typer) -> None:
    """Adds this module's verbs to the noun ``env``."""
    command(app, "list", epilog="bbws-access env list")(list_environments)
    command(app, "show", epilog="bbws-access env show prod")(show)
    command(app, "outputs", epilog="bbws-access env outputs local -o json")(outputs)
    command(
        app,
        "diff",
        epilog="""
        bbws-access env diff sit prod
        bbws-access env diff sit prod -o json
        """,
    )(diff)


def list_environments(session: Session) -> None:
    """List the environments: region, configured account, and whether they were stood up from here."""
    from bbws_access.provisioning.settings import names

    order = ["local", "dev", "sit", "prod"]
    rows = []
    for name in sorted(names(), key=lambda n: (order.index(n) if n in order else len(order), n)):
        settings = session.at(name).settings
        rows.append(
            {
                "environment": name,
                "region": settings.region,
                "account": settings.account_id,
                "stoodUpFromHere": _kept_outputs(session.at(name)) is not None,
                "plan": name in _planned(session, [name]),
                "accountShown": settings.account_id or "none configured",
            }
        )
    if session.show.is_json:
        rows = [{k: v for k, v in row.items() if k != "accountShown"} for row in rows]
    columns = {
        "Environment": "environment",
        "Region": "region",
        "Account": "accountShown",
        "Stood up from here": "stoodUpFromHere",
        "Plan kept": "plan",
    }
    session.show.table(rows, columns, empty="No environment is configured.")


def show(session: Session, environment: EnvironmentArgument = None) -> None:
    """Show an environment's settings, as terraform/environments has them."""
    session = session.at(environment)
    data = session.settings.model_dump(mode="json")
    session.show.record(data, {_title(name): name for name in data})


def outputs(session: Session, environment: EnvironmentArgument = None) -> None:
    """Show what Terraform put out: names, ids and addresses."""
    session = session.at(environment)
    found = outputs_of(session)
    session.show.record(found, {name: name for name in sorted(found)})


def diff(
    session: Session,
    one: Annotated[str, typer.Argument(help="An environment.")],
    other: Annotated[str, typer.Argument(help="The one to compare it with.")],
    everything: Annotated[bool, typer.Option("--all", help="Show what is the same in both, too.")] = False,
) -> None:
    """Compare two environments, settings and deployed versions, side by side."""
    if one == other:
        raise InvalidInput("these are the same environment")
    sides = [_described(session.at(name)) for name in (one, other)]
    rows = [
        {"setting": _title(name), one: sides[0].get(name), other: sides[1].get(name), "differs": differs}
        for name in sides[0]
        if name != "environment"
        if (differs := sides[0].get(name) != sides[1].get(name)) or everything
    ]
    if not session.show.is_json:
        shown = [{k: "none" if v in (None, [], ()) else v for k, v in row.items()} for row in rows]
        columns = {"Setting": "setting", one: one, other: other}
        if everything:
            columns["Differs"] = "differs"
        session.show.table(shown, columns, empty=f"{one} and {other} are set alike.")
        return
    session.show.table(rows, {}, empty="")


def _described(session: Session) -> dict[str, Any]:
    settings = session.settings.model_dump(mode="json")
    kept = _kept_outputs(session) or {}
    return {
        **settings,
        "code_version": kept.get("code_version", "not stood up from here"),
        "api_url": kept.get("api_url"),
    }


def outputs_of(session: Session) -> dict[str, Any]:
    """What is kept here of the environment's outputs, else what its state says: CI keeps nothing."""
    kept = _kept_outputs(session)
    if kept is not None:
        return kept
    if session.is_local:
        return session.outputs
    session.announce()
    found = stack_of(session).outputs()
    if not found:
        raise NotFound(f"there is nothing of {session.env} yet", hint=f"bbws-access env up {session.env}")
    return found


def _kept_outputs(session: Session) -> dict[str, Any] | None:
    try:
        return session.outputs
    except NotFound:
        return None


def _planned(session: Session, names: list[str]) -> list[str]:
    from bbws_access.provisioning.kept_plan import find

    return [name for name in names if find(session.at(name).env_dir / "plan") is not None]


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
