"""A whole platform on this machine, stood up once for all tests here through the product's own commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import boto3
import pytest

from tests.e2e.preloaded import Preloaded

ROOT = Path(__file__).parent.parent.parent

PRELOADED = Preloaded()


def _interruptible() -> None:
    """Whoever runs the tests in the background has the shell ignore Ctrl-C for them, and for all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Deployed:
    """The running local environment, driven through the command line from ``folder``."""

    state_dir: Path
    folder: Path = ROOT

    def run(self, *words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command in a process of its own, without a terminal and without the machine's settings."""
        with Path(os.devnull).open() as nothing, TemporaryFile("w+") as out, TemporaryFile("w+") as said:
            code = PRELOADED.run(words, self._environment(environment), self.folder, (nothing, out, said))
            out.seek(0)
            said.seek(0)
            done = subprocess.CompletedProcess(list(words), code, out.read(), said.read())
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """The same in a process that shares nothing with this one, without waiting for its end."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", *words],
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_interruptible,
        )

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BBWS_", "TF_"))}
        return kept | {"BBWS_ACCESS_STATE_DIR": str(self.state_dir), **more}

    def json(self, *words: str, **environment: str) -> Any:
        return json.loads(self.run("--output", "json", *words, **environment).stdout)

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json("env", "outputs", "local")
        return found

    def client(self, service: str) -> Any:
        endpoint = self.outputs()["api_url"].split("/restapis/")[0]
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def member(self, org: str, email: str, role: str = "ORG_ADMIN", password: str = "Correct-horse-7") -> Any:
        """Somebody who was invited and has accepted."""
        self.run("users", "invite", email, "--org", org, "--role", role)
        link = self.json("local", "mail", "--to", email)["items"][-1]["links"][0]
        names = ("--first-name", "Thandi", "--last-name", "Nkosi")
        return self.json("invitations", "accept", link, *names, BBWS_ACCESS_PASSWORD=password)

    def token(self, email: str, password: str = "Correct-horse-7") -> str:
        outputs = self.outputs()
        answer = self.client("cognito-idp").admin_initiate_auth(
            UserPoolId=outputs["user_pool_id"],
            ClientId=outputs["user_pool_client_id"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        token: str = answer["AuthenticationResult"]["IdToken"]
        return token


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    found = Deployed(tmp_path_factory.mktemp("state"))
    found.run("env", "up", "local")
    found.run("table", "seed")
    yield found
    found.run("env", "down", "local", "--erase", "--yes")
