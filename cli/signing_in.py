"""Signing in as a user of the platform, for the commands that call the API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bbws_access.errors import InvalidInput
from cli.session import Session

if TYPE_CHECKING:
    from bbws_access.adapters.sign_in import Tokens

_LONGEST = 1000
"""Characters of a password's file; a password has at most 128."""


def signed_in(session: Session, email: str, password_file: Path | None = None) -> Tokens:
    """Tokens of ``email``; the password comes from the file, ``BBWS_ACCESS_PASSWORD``, a local tour or a prompt."""
    from bbws_access.adapters.sign_in import CognitoSignIn
    from bbws_access.text import fold_email

    outputs = session.outputs
    client = session.client("cognito-idp")
    door = CognitoSignIn(client, outputs["user_pool_id"], outputs["user_pool_client_id"])
    email = fold_email(email.strip())
    return door.sign_in(email, _password(session, email, password_file))


def _password(session: Session, email: str, password_file: Path | None) -> str:
    if password_file is not None:
        return _read(password_file)
    if session.is_local:
        from cli.tour import password_of

        known = password_of(session.env_dir, email)
        if known is not None:
            return known
    return session.password(new=False)


def _read(path: Path) -> str:
    """The file's one line; raises ``InvalidInput``, never with what is in it."""
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"--password-file {path} cannot be read") from error
    if not text or len(text) > _LONGEST or "\n" in text:
        raise InvalidInput(f"--password-file {path} does not hold a password on a line of its own")
    return text
