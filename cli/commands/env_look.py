"""``bbws-access env list``, ``env show``, ``env outputs`` and ``env diff``: looking, and changing nothing."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from bbws_access.errors import AccessError, InvalidInput, NotFound
from cli.command import command
from cli.completion import offers
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
    """Show what Terraform put out: names, ids and addresses.

    Outside of the own machine they are read from the state, and kept: the other commands work with them, wherever
    the environment was stood up from.
    """
    session = session.at(environment)
    found = session.outputs if session.is_local else _outputs_in_state(session)
    session.show.record(found, {name: name for name in sorted(found)})


def diff(
    session: Session,
    one: Annotated[str, typer.Argument(help="An environment.", autocompletion=offers.environments)],
    other: Annotated[str, typer.Argument(help="The one to compare it with.", autocompletion=offers.environments)],
    everything: Annotated[bool, typer.Option("--all", help="Show what is the same in both, too.")] = False,
) -> None:
    """Compare two environments, settings and deployed versions, side by side.

    The versions are what AWS runs there. Where the environments are in accounts of their own, each is asked with
    the profile of its context; one that cannot be asked is told from what is kept here, and stderr says so.
    """
    if one == other:
        raise InvalidInput("these are the same environment")
    sides = [_described(session.beside(name)) for name in (one, other)]
    rows = [
        {"setting": _title(name), one: sides[0][name], other: sides[1][name], "differs": differs}
        for name in sides[0]
        if name != "environment"
        if (differs := _differs(name, sides[0][name], sides[1][name])) is not False or everything
    ]
    if not session.show.is_json:
        shown = [{key: _shown(row["setting"], value) for key, value in row.items()} for row in rows]
        columns = {"Setting": "setting", one: one, other: other}
        if everything:
            columns["Differs"] = "differs"
        session.show.table(shown, columns, empty=f"{one} and {other} are set alike, and run the same code.")
        return
    session.show.table(rows, {}, empty="")


_ASKED: Final = frozenset({"code_version", "api_url"})
"""What is known of an environment only where it can be asked, or was stood up from here."""


def _differs(name: str, one: Any, other: Any) -> bool | None:
    """``None`` where nobody knows."""
    return None if name in _ASKED and None in (one, other) else one != other


def _shown(setting: str, value: Any) -> Any:
    if setting in {_title(name) for name in _ASKED} and value is None:
        return "not known"
    return "none" if value in (None, [], ()) else value


def _described(session: Session) -> dict[str, Any]:
    """Settings, and what stands there; ``None`` for what nobody here knows."""
    settings = session.settings.model_dump(mode="json")
    kept = _kept_outputs(session) or {}
    return {**settings, "code_version": _code_of(session, kept), "api_url": kept.get("api_url")}


def _code_of(session: Session, kept: dict[str, Any]) -> str | None:
    """The SHA-256 of what the functions run; of more than one package, each, with how many run it."""
    from bbws_access.aws_errors import translated
    from bbws_access.names import Names
    from bbws_access.provisioning.running import code_versions, running

    session.hurried = True
    try:
        with translated("AWS Lambda"):
            found = code_versions(running(session.client("lambda"), Names(session.env))).most_common()
    except AccessError as error:
        instead = "is what was last stood up from here" if "code_version" in kept else "is not known"
        session.show.note(f"{session.env} cannot be asked ({error.message}): its code {instead}.", always=True)
        return kept.get("code_version")
    if len(found) <= 1:
        return next((code for code, _ in found), None)
    return ", ".join(f"{code[:12]} in {number}" for code, number in found)


def outputs_of(session: Session) -> dict[str, Any]:
    """What is kept here of the environment's outputs, else what its state says."""
    kept = _kept_outputs(session)
    if kept is not None:
        return kept
    return session.outputs if session.is_local else _outputs_in_state(session)


def _outputs_in_state(session: Session) -> dict[str, Any]:
    session.announce()
    found = stack_of(session).outputs()
    if not found:
        raise NotFound(f"there is nothing of {session.env} yet", hint=f"bbws-access env up {session.env}")
    session.keep_outputs(found)
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
