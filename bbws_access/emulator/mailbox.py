"""The emails that the local AWS was asked to send: it keeps them, and sends none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bbws_access.emulator.loopback import get_json
from bbws_access.errors import Unreachable

_PATH = "/_ministack/ses/messages"
_TIMEOUT = 10.0
_LARGEST = 256 * 1024 * 1024
_LINK = re.compile(r"https?://[^\s<>\"']+")
_NOT_AT_THE_END = ".,;:!?)]}"


@dataclass(frozen=True, slots=True)
class Message:
    """One email as it was given to SES; ``to`` holds the main recipients, ``text`` and ``html`` may be empty."""

    id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    sent_at: datetime


def messages(endpoint: str) -> list[Message]:
    """All emails that the local AWS at ``endpoint`` holds, of every account, oldest first.

    Raises ``Unreachable`` if it does not answer, or answers with something else.
    """
    try:
        accounts = get_json(endpoint, _PATH, timeout=_TIMEOUT, limit=_LARGEST)["messages"]
        found = [_message(entry) for entries in accounts.values() for entry in entries]
    except OSError as error:
        raise Unreachable(f"the local AWS at {endpoint} does not answer", hint="bbws-access env up local") from error
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise Unreachable(f"{endpoint} has no mailbox: it is not the local AWS") from error
    return sorted(found, key=lambda message: message.sent_at)


def links(message: Message) -> tuple[str, ...]:
    """The http(s) links in the text of an email, in order, each once."""
    found = (link.rstrip(_NOT_AT_THE_END) for link in _LINK.findall(message.text))
    return tuple(dict.fromkeys(found))


def _message(entry: dict[str, Any]) -> Message:
    return Message(
        id=str(entry["MessageId"]),
        sender=str(entry["Source"]),
        to=tuple(str(address) for address in entry["To"]),
        subject=str(entry["Subject"] or ""),
        text=str(entry["BodyText"] or ""),
        html=str(entry["BodyHtml"] or ""),
        sent_at=datetime.fromtimestamp(float(entry["Timestamp"]), UTC),
    )
