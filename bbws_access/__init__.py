"""The access-management platform of BBWS: its rules, its table, its trail and its provisioning.

Everything here is a library. It knows nothing of Typer, of API Gateway or of environment
variables: the two doors, ``cli`` and ``lambdas``, hand it what it needs.
"""

from typing import Final

__version__: Final = "0.1.0"
