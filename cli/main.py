"""The entry point: runs a command, and turns whatever happens into an exit code and at most one line."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from bbws_access.errors import AccessError, ExitCode
from cli.streams import ReaderGone, forget_output, is_full, prepare_streams

COMPLETE = "_BBWS_ACCESS_COMPLETE"
"""By this variable a shell asks what it may complete, or (``source_bash``) for its script."""


def main() -> NoReturn:
    """The console script. An order to end is an interrupt: what is under way is wound down, not dropped."""
    if os.environ.get(COMPLETE, "").startswith("complete_"):
        _complete()
    # Imports make many objects and hardly any garbage: a sixth of the time of a small command went into looking for it.
    gc.set_threshold(100_000)
    # We have none, and to look for them reads the metadata of every distribution that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    prepare_streams()
    code = run(sys.argv[1:])
    # The interpreter would look through all that was imported once more, for nothing: another sixth.
    gc.freeze()
    sys.exit(code)


def _complete() -> NoReturn:
    """Before anything heavy is imported, and without a word where something is wrong: somebody is typing."""
    code = 1
    with suppress(Exception):
        from cli.completion.shells import answer

        code = answer(os.environ[COMPLETE], os.environ, sys.stdout)
        sys.stdout.flush()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line; the result is its exit code."""
    from typer import Abort, TyperException
    from typer.main import get_command

    from cli.app import app

    debug = "--debug" in arguments
    try:
        code = get_command(app).main(args=list(arguments), prog_name="bbws-access", standalone_mode=False)
        sys.stdout.flush()
    except AccessError as error:
        return _failed(error, error.message, error.hint, error.exit_code, debug)
    except TyperException as error:
        return _misused(error)
    except (Abort, KeyboardInterrupt):
        return _interrupted()
    except (ReaderGone, BrokenPipeError):
        # A pager or head that has seen enough: nothing is wrong.
        forget_output()
        return ExitCode.DONE
    except OSError as error:
        if not is_full(error):
            return _failed(error, *_unexpected(error), ExitCode.FAILED, debug)
        forget_output()
        written = error.filename or "the output"
        hint = "make room, or send it elsewhere; whether something was changed before, bbws-access audit tail says"
        return _failed(error, f"cannot write {written}: {error.strerror}", hint, ExitCode.FAILED, debug)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback for users
        return _failed(error, *_unexpected(error), ExitCode.FAILED, debug)
    if code == ExitCode.INTERRUPTED:  # typer makes it of Ctrl-C by itself, without a word
        return _interrupted()
    return code if isinstance(code, int) else ExitCode.DONE


def _failed(error: Exception, message: str, hint: str | None, code: ExitCode, debug: bool) -> int:
    from cli.render import error_line

    if debug:
        import traceback

        from cli.safety import safe_lines

        sys.stderr.write(safe_lines("".join(traceback.format_exception(error))))
    error_line(message, hint)
    return code


def _unexpected(error: Exception) -> tuple[str, str]:
    """One line, and where to look. What was typed is validated before: what pydantic refuses now was in the table."""
    if type(error).__name__ == "ValidationError" and hasattr(error, "errors"):
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        fields = sorted({".".join(str(part) for part in found["loc"]) for found in wrong})
        return (
            f"a record of the table is damaged: {error.title}, field {', '.join(fields)}",  # type: ignore[attr-defined]
            "bbws-access table verify",
        )
    first = str(error).partition("\n")[0]
    return f"unexpected {type(error).__name__}: {first}", "the details are shown with --debug"


def _misused(error: Exception) -> int:
    """Wrong usage: one line, and where to read more. A bare noun shows its help instead."""
    from cli.render import error_line

    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error}\n")
        return ExitCode.USAGE
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    message = message.replace("Value error, ", "")  # pydantic's, for what Typer has refused
    if type(error).__name__ == "NoSuchOption":
        message = _no_such_option(error)
    parameter = getattr(error, "param", None)
    if " is not one of " in message and parameter is not None:
        from cli.parameters import described_parameter

        refused = message.partition(" is not one of ")[0]
        message = f"{refused} is none of {', '.join(described_parameter(parameter)['choices'])}"
    path = context.command_path if context is not None else "bbws-access"
    error_line(message[:1].lower() + message[1:].rstrip("."), f"{path} --help")
    return ExitCode.USAGE


def _no_such_option(error: Any) -> str:
    """With the options that were meant: those that look alike also without the dashes, which all have."""
    from difflib import get_close_matches

    from cli.suggestions import meant

    name = error.option_name.lstrip("-")
    near = get_close_matches(name, [option.lstrip("-") for option in error.possibilities or ()])
    return f"no such option '{error.option_name}'{meant([f'--{option}' for option in near])}"


def _interrupted() -> int:
    with suppress(OSError):
        sys.stderr.write("interrupted\n")
    return ExitCode.INTERRUPTED


if __name__ == "__main__":
    main()
