"""The platform's emails: what they say, and the mailer that services hand them to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One email, in text and HTML."""

    to: str
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    """Sends, or raises one of the project's errors."""

    def send(self, mail: Mail) -> None: ...
