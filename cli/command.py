"""Registering a command: it is handed a session, and takes the common options by itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final

import typer

from bbws_access.errors import AccessError, InvalidInput, Refused
from cli.help import Noun, Verb
from cli.operations import record_failure
from cli.options import COMMON, DryRunOption
from cli.overrides import Overrides
from cli.session import Session
from cli.streams import ReaderGone

_OPERATORS: Final = frozenset({"env", "release", "table"})
"""Nouns that ask for no permission, because they look after what all organisations share."""


def noun(text: str) -> typer.Typer:
    """The group of a noun's commands."""
    group = typer.Typer(
        cls=Noun,
        help=text,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    # With a callback a noun stays a noun, even with a single verb.
    @group.callback()
    def _noun() -> None: ...

    return group


def command(
    app: typer.Typer, name: str, *, epilog: str = "", changes: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers ``function(session, …)`` as the verb ``name``; ``epilog`` is its examples, a line each.

    One that ``changes`` the platform takes ``--dry-run``: it then runs in a session that cannot change
    anything, and what it would have changed is printed instead of its result.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        own = [p for n, p in signature.parameters.items() if n != "session"]
        taken = {p.name for p in own}
        common = [
            inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for n, (annotation, default) in COMMON.items()
            if n not in taken
        ]
        if changes:
            common.append(
                inspect.Parameter("dry_run", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=DryRunOption)
            )
        context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)

        @functools.wraps(function)
        def wrapper(*, context: typer.Context, **given: Any) -> None:
            nearer = Overrides(**{n: given.pop(n) for n in COMMON if n not in taken})
            above = context.obj if isinstance(context.obj, Overrides) else Overrides()
            dry_run = changes and given.pop("dry_run")
            session = Session(above.under(nearer), dry_run=dry_run)
            if session.acting_as is not None and context.command_path.split()[1] in _OPERATORS:
                raise Refused(f"no member may do this: {context.command_path} is for operators", hint="leave --as away")
            try:
                function(session, **given)
            except AccessError as error:
                record_failure(session, context.command_path, error, changes=changes)
                if isinstance(error, InvalidInput):
                    from cli.typed_names import name_options

                    name_options(error, context.command.params)
                if error.hint:
                    error.hint = session.at(given.get("environment")).as_typed_here(error.hint)
                raise
            except typer.Exit:  # it has found something, which does not undo what it would have changed
                if dry_run:
                    _show_rehearsal(session)
                raise
            except BrokenPipeError:
                raise ReaderGone from None
            if dry_run:
                _show_rehearsal(session)

        keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
        new_signature = signature.replace(parameters=[context, *keyword_only, *common], return_annotation=None)
        wrapper.__signature__ = new_signature  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in new_signature.parameters.values()}
        app.command(name, cls=Verb, epilog=_examples(epilog))(wrapper)
        return function

    return register


def _show_rehearsal(session: Session) -> None:
    from cli.changes import show_rehearsal

    show_rehearsal(session)


def _examples(lines: str) -> str | None:
    """Each example on a line of its own: a backspace keeps the help from filling the paragraph."""
    found = [f"  {line.strip()}" for line in lines.splitlines() if line.strip()]
    return "\n".join(["\b", "Examples:", *found]) if found else None
