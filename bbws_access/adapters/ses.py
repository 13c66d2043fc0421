"""The mailer on Amazon SES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bbws_access.aws_errors import translated
from bbws_access.mail import Mail

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient


class SesMailer:
    """Sends from one verified address."""

    def __init__(self, client: SESClient, sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, mail: Mail) -> None:
        with translated("the mail service"):
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
