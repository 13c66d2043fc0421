"""``bbws-access api``."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bbws_access.errors import AccessError, ExitCode, InvalidInput
from cli.api_request import PARAMETER, api_path, json_body, query_pairs
from cli.command import command, noun
from cli.commands import api_coverage
from cli.completion import offers
from cli.options import OverwriteOption
from cli.safety import safe_lines
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.adapters.rest_api import ApiAnswer

app = noun("The deployed API: its contract, its documentation, and calls to it.")
api_coverage.register(app)

_COLUMNS = {
    "#": "number",
    "Method": "method",
    "Path": "path",
    "Permission": "permission",
    "Service": "service",
    "Function": "function",
}
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@command(
    app,
    "routes",
    epilog="""
    bbws-access api routes
    bbws-access api routes -o json
    """,
)
def routes(session: Session) -> None:
    """List the endpoints: what each needs, and which function answers it."""
    from bbws_access.catalogue import ENDPOINTS, FUNCTIONS, Function, Guard
    from bbws_access.names import Names

    def needs(function: Function) -> str:
        match function.guard:
            case Guard.PUBLIC:
                return "none: public"
            case Guard.ANY:
                return "any valid token"
            case Guard.PERMISSION_OR_SELF:
                return f"{function.permission}, or oneself"
            case Guard.PERMISSION_OR_CAPABILITY:
                return f"{function.permission} or {function.capability}"
            case _:
                return str(function.permission)

    names = Names(session.env)
    rows = [
        {
            "number": FUNCTIONS.index(function) + 1,
            "method": function.method,
            "path": function.path,
            "permission": needs(function),
            "guard": function.guard.value,
            "service": function.service.value,
            "action": function.action,
            "function": names.function(function),
        }
        for function in ENDPOINTS
    ]
    session.show.table(rows, _COLUMNS, empty="No endpoints.")


@command(
    app,
    "openapi",
    epilog="""
    bbws-access api openapi > openapi.json
    bbws-access api openapi --aws --env dev --to openapi-aws.json
    """,
)
def openapi(
    session: Session,
    aws: Annotated[bool, typer.Option("--aws", help="With what a deployment to API Gateway needs.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="A file, instead of stdout.")] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Print the API's OpenAPI 3.0 document."""
    from bbws_access.catalogue import FUNCTIONS
    from bbws_access.openapi.document import document
    from bbws_access.openapi.gateway import invocation_arn, with_invoke_arns

    if to is not None:
        session.may_replace(to, overwrite=overwrite)
    found = document(FUNCTIONS, aws=aws)
    if aws:
        region, account, env = session.settings.region, _account(session), session.env
        found = with_invoke_arns(found, lambda name: invocation_arn(region, account, env, name))
    text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    if to is None:
        sys.stdout.write(text)
    else:
        _write(to, text)
        session.show.done(f"The document is in {to}")


@command(
    app,
    "call",
    epilog="""
    bbws-access api call GET /platform/roles --as thandi@example.com
    bbws-access api call GET /organisations/{orgId}/teams --org Acme --as thandi@example.com --param pageSize=10
    bbws-access api call POST /organisations/{orgId}/teams --org Acme --as thandi@example.com --data '{"name": "Web"}'
    bbws-access api call PUT /organisations/{orgId}/roles/ID --org Acme --as thandi@example.com --data @role.json
    """,
)
def call(
    session: Session,
    method: Annotated[str, typer.Argument(help="GET, POST or PUT.")],
    path: Annotated[str, typer.Argument(help="With or without /v1; {orgId} is filled in from --org.")],
    acting_as: Annotated[
        str | None,
        typer.Option("--as", metavar="EMAIL", help="Who calls; else nobody does.", autocompletion=offers.users),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="JSON|@FILE|-", help="The body; - reads it from stdin.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="KEY=VALUE", help="Of the query; may be repeated.")
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", help="A file with the password; else BBWS_ACCESS_PASSWORD, or a prompt."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the request, and do not send it.")] = False,
) -> None:
    """Call the deployed API: its answer goes to stdout, its status to stderr.

    Exits 0 for an answer of 2xx, 4 for a 401 or 403, and 1 for every other.
    """
    from bbws_access.adapters.rest_api import RestApi

    method, path, body, pairs = method.upper(), api_path(session, path), json_body(data), query_pairs(param or [])
    if dry_run:
        url = f"{session.outputs['api_url']}{path}"
        sent = {"query": pairs, "as": acting_as, "body": None if body is None else json.loads(body)}
        session.show.json({"dryRun": True, "method": method, "url": url, **sent})
        session.show.note("Nothing was sent: this was a dry run.")
        return
    token = None
    if acting_as is not None:
        from cli.signing_in import signed_in

        token = signed_in(session, acting_as, password_file).id_token
    if method in _CHANGES:
        session.announce()
    answer = RestApi(session.outputs["api_url"], token).call(method, path, pairs, body)
    _show(session, answer)
    if not 200 <= answer.status < 300:
        if answer.status == 401 and acting_as is None:
            session.show.note("Nobody called: say who does with --as EMAIL.")
        _help_with(session, method, path)
        raise typer.Exit(ExitCode.REFUSED if answer.status in {401, 403} else ExitCode.FAILED)


@command(
    app,
    "docs",
    epilog="""
    bbws-access api docs
    bbws-access api docs --to api.html --no-open
    """,
)
def docs(
    session: Session,
    to: Annotated[Path | None, typer.Option("--to", help="Where the page is written.", show_default=False)] = None,
    show: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open it in a browser; a terminal does.", show_default=False)
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write one page to read about the API and to try it; it needs nothing from the network."""
    from bbws_access.catalogue import FUNCTIONS
    from bbws_access.openapi.document import document
    from bbws_access.openapi.reference import page

    if to is not None:
        session.may_replace(to, overwrite=overwrite)
    target = to or session.env_dir / "api.html"
    _write(target, page(document(FUNCTIONS), _api_url(session), session.env))
    if session.show.is_json:
        session.show.json({"path": str(target)})
    else:
        sys.stdout.write(f"{target}\n")
    if show or (show is None and session.interactive):
        import webbrowser

        if not webbrowser.open(target.resolve().as_uri()):
            session.show.note("No browser could be opened: open the page yourself.")


def _account(session: Session) -> str:
    """The account that the document's functions are in; raises ``InvalidInput`` where nobody says it."""
    if session.is_local:
        from cli.session import EMULATED_ACCOUNT

        return EMULATED_ACCOUNT
    account = session.settings.account_id
    if account is None:
        from bbws_access.provisioning.settings import where_account_is_set

        raise InvalidInput(f"environment {session.env} names no AWS account", hint=where_account_is_set(session.env))
    return account


def _api_url(session: Session) -> str:
    """Empty where the environment has not been stood up: then whoever tries something fills it in."""
    try:
        return str(session.outputs["api_url"])
    except AccessError:
        return ""


def _write(target: Path, text: str) -> None:
    """Whole or not at all."""
    from bbws_access.whole_file import draft_of

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AccessError(f"{target} cannot be written: {error.strerror}") from error
    with draft_of(target) as draft:
        draft.out.write(text.encode())


def _show(session: Session, answer: ApiAnswer) -> None:
    request = f" · request {answer.request_id}" if answer.request_id else ""
    session.show.note(f"{answer.status} {answer.reason} · {answer.seconds * 1000:.0f} ms{request}")
    found: Any = answer.json
    if found is not None:
        session.show.json(found)
    else:
        sys.stdout.write(safe_lines(answer.text) if sys.stdout.isatty() else answer.text)


def _help_with(session: Session, method: str, path: str) -> None:
    """A path that is none of the API's gets a 403 from the gateway, which says nothing of that."""
    from bbws_access.catalogue import ENDPOINTS

    known = any(
        function.method == method and re.fullmatch(PARAMETER.sub("[^/]+", str(function.path)), path)
        for function in ENDPOINTS
    )
    if not known and path.startswith("/v1/"):
        session.show.note(f"{method} {path} is none of the API's endpoints: bbws-access api routes")
