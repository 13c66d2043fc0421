"""The one error model.

Every failure that a user can cause or mend is an :class:`AccessError`. It carries what both doors
need: a machine-readable ``code``, the HTTP ``status`` of the API, the ``exit_code`` of the command
line, one sentence that says what is wrong and, as ``hint``, the command or action that mends it.
Anything that is not an ``AccessError`` is a defect: a 500 without detail, exit 1 with a pointer to
``--debug``.

::

    AccessError                  1  500  INTERNAL_ERROR
    ├── InvalidInput             2  400  VALIDATION_ERROR
    ├── Unauthenticated          4  401  UNAUTHENTICATED
    ├── Denied                   4  403  PERMISSION_DENIED
    ├── NotFound                 1  404  NOT_FOUND
    ├── Conflict                 1  409  CONFLICT
    │   └── AlreadyUsed          1  400  ALREADY_USED
    ├── Gone                     1  410  GONE
    ├── TooManyRequests          1  429  TOO_MANY_REQUESTS
    ├── Busy                     1  500  BUSY                   the table stayed contended or throttled
    ├── Unreachable              1  500  UNREACHABLE            an endpoint does not answer
    ├── Refused                  4  403  REFUSED                a guard said no
    ├── PartlyDone                   5  500  PARTLY_DONE            the rest can be done by running it again
    └── ProvisioningFailed       1  500  PROVISIONING_FAILED    Terraform or the emulator failed
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar


class ExitCode(IntEnum):
    """Exit codes of the command line, the same for every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FOUND = 3
    REFUSED = 4
    PARTIAL = 5
    INTERRUPTED = 130


class AccessError(Exception):
    """Base of all errors that are shown to a user as they are.

    ``message`` is one line for people; ``details`` is data for machines and never holds a secret;
    ``hint`` is what to type or do next and is shown by the command line only.
    """

    status: ClassVar[int] = 500
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    default_code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})


class InvalidInput(AccessError):
    """What was given does not fit; ``details["fields"]`` names each field that is wrong."""

    status = 400
    exit_code = ExitCode.USAGE
    default_code = "VALIDATION_ERROR"


class Unauthenticated(AccessError):
    """Nobody could be identified."""

    status = 401
    exit_code = ExitCode.REFUSED
    default_code = "UNAUTHENTICATED"


class Denied(AccessError):
    """The actor is known and may not do this."""

    status = 403
    exit_code = ExitCode.REFUSED
    default_code = "PERMISSION_DENIED"


class NotFound(AccessError):
    """No such thing, or none that the actor may know of."""

    status = 404
    default_code = "NOT_FOUND"


class Conflict(AccessError):
    """The state of things does not allow it: a name taken, a version moved, a race lost."""

    status = 409
    default_code = "CONFLICT"


class AlreadyUsed(Conflict):
    """An invitation that has reached a final state; 400 as the API's contract says."""

    status = 400
    default_code = "ALREADY_USED"


class Gone(AccessError):
    """It was there and has expired."""

    status = 410
    default_code = "GONE"


class TooManyRequests(AccessError):
    """A limit of the platform was reached."""

    status = 429
    default_code = "TOO_MANY_REQUESTS"


class Busy(AccessError):
    """Retries with backoff did not get through; trying again later is safe."""

    default_code = "BUSY"


class Unreachable(AccessError):
    """A service that is needed does not answer."""

    default_code = "UNREACHABLE"


class Refused(AccessError):
    """A guard stopped the command before it did harm."""

    status = 403
    exit_code = ExitCode.REFUSED
    default_code = "REFUSED"


class PartlyDone(AccessError):
    """Some of it was done and stays; running it again does the rest."""

    exit_code = ExitCode.PARTIAL
    default_code = "PARTLY_DONE"


class ProvisioningFailed(AccessError):
    """Terraform, or the local emulator, could not do what was asked."""

    default_code = "PROVISIONING_FAILED"
