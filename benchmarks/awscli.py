"""Start-up against the AWS CLI: of the program alone, and of a list against a query for the same rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bbws_access import keys
from bbws_access.emulator.process import Emulator
from bbws_access.models.organisation import Organisation
from bbws_access.models.user import User
from bbws_access.names import Names
from bbws_access.store.codec import encode
from bbws_access.store.schema import table_definition
from benchmarks.keeper_tables import STAMPS, client
from benchmarks.measure import medians, report

ROUNDS: Final = 21
AIM: Final = 1.0

USERS: Final = 25
HOME: Final = Path(__file__).parent.parent / "build" / "awscli"
REQUIREMENT: Final = "awscli>=1.40,<2"
"""The newest that the package index has: version 2 is not on it."""

ORGANISATION: Final = "org-bench"


def run() -> None:
    aws, ours = _aws(), str(Path(sys.executable).parent / "bbws-access")
    with _environment() as (environment, endpoint):
        query = [aws, "--endpoint-url", endpoint, "dynamodb", "query", "--table-name", Names("local").table]
        query += ["--key-condition-expression", "PK = :org AND begins_with(SK, :user)", "--output", "json"]
        values = {":org": {"S": keys.owner(ORGANISATION)}, ":user": {"S": keys.USER_PREFIX}}
        query += ["--expression-attribute-values", json.dumps(values)]
        listed = [ours, "users", "list", "--org", ORGANISATION, "--output", "json"]
        _same_rows(listed, query, environment)
        found = medians(
            {
                "help": [ours, "--help"],
                "version": [aws, "--version"],
                "list": listed,
                "query": query,
            },
            ROUNDS,
            environment=environment,
        )
    for name, one, other in (
        ("bbws-access --help / aws --version", "help", "version"),
        ("bbws-access users list / aws dynamodb query", "list", "query"),
    ):
        detail = f"{found[one] * 1000:.0f} ms to {found[other] * 1000:.0f} ms, medians of {ROUNDS} interleaved runs"
        report(name, found[one] / found[other], AIM, detail)


def _same_rows(listed: list[str], query: list[str], environment: dict[str, str]) -> None:
    """Raises ``RuntimeError`` where the two do not answer alike: then there is nothing to compare."""
    ours, theirs = (
        json.loads(subprocess.run(words, env=environment, capture_output=True, check=True, text=True).stdout)
        for words in (listed, query)
    )
    if not len(ours["items"]) == len(theirs["Items"]) == USERS:
        raise RuntimeError(f"{len(ours['items'])} users listed, {len(theirs['Items'])} items found, not {USERS}")


def _aws() -> str:
    """The AWS CLI in an environment of its own, made when it is missing."""
    program = HOME / "bin" / "aws"
    if not program.is_file():
        venv.create(HOME, with_pip=True, clear=True)
        subprocess.run([str(HOME / "bin" / "python"), "-m", "pip", "install", "-q", REQUIREMENT], check=True)
    return str(program)


@contextmanager
def _environment() -> Iterator[tuple[dict[str, str], str]]:
    """A local environment with one organisation and its users, as variables for both programs, and its endpoint."""
    with tempfile.TemporaryDirectory(prefix="bbws-access-bench-") as folder:
        emulator = Emulator(Path(folder) / "emulator")
        running = emulator.start()
        try:
            _fill(running.endpoint)
            outputs = {"user_pool_id": "eu-west-1_bench", "api_url": running.endpoint}
            (Path(folder) / "local").mkdir()
            (Path(folder) / "local" / "outputs.json").write_text(json.dumps(outputs), encoding="utf-8")
            kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BBWS_"))}
            account = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
            yield kept | account | {"BBWS_ACCESS_STATE_DIR": folder}, running.endpoint
        finally:
            emulator.stop()


def _fill(endpoint: str) -> None:
    dynamodb, table = client(endpoint), Names("local").table
    dynamodb.create_table(**table_definition(table))
    records: list[Organisation | User] = [Organisation(organisation_id=ORGANISATION, name="Bench", **STAMPS)]
    records += [
        User(
            organisation_id=ORGANISATION,
            user_id=f"u-{number}",
            email=f"user{number}@example.com",
            first_name="Thandi",
            last_name="Nkosi",
            **STAMPS,
        )
        for number in range(USERS)
    ]
    for record in records:
        dynamodb.put_item(TableName=table, Item=encode(record.to_item()))
