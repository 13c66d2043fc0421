"""The mailer on Amazon SES."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from bbws_access.aws_errors import THROTTLING, error_code, translate
from bbws_access.backoff import Backoff
from bbws_access.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

_PATIENCE: Final = Backoff(attempts=4, first=0.2, longest=2.0)
_SERVER_ERROR: Final = 500


class SesMailer:
    """Sends from one verified address. What may pass, throttling or an outage, is tried again a few times.

    A try whose answer was lost is repeated too: two of the same email do less harm than none.
    """

    def __init__(self, client: SESClient, sender: str, backoff: Backoff = _PATIENCE) -> None:
        self._client = client
        self._sender = sender
        self._backoff = backoff

    def send(self, mail: Mail) -> None:
        last: BotoCoreError | ClientError | None = None
        for _ in self._backoff.tries():
            try:
                self._send(mail)
                return
            except (BotoCoreError, ClientError) as error:
                last = error
                if not _may_pass(error):
                    break
        if last is not None:
            raise translate(last, "the mail service") from last

    def _send(self, mail: Mail) -> None:
        self._client.send_email(
            Source=self._sender,
            Destination={"ToAddresses": [mail.to]},
            Message={
                "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": mail.text, "Charset": "UTF-8"},
                    "Html": {"Data": mail.html, "Charset": "UTF-8"},
                },
            },
        )


def _may_pass(error: BotoCoreError | ClientError) -> bool:
    if isinstance(error, ClientError):
        metadata: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
        return error_code(error) in THROTTLING or int(metadata.get("HTTPStatusCode", 0)) >= _SERVER_ERROR
    return isinstance(error, BotoConnectionError | HTTPClientError)
