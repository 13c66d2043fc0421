"""An acceptance whose process is killed after any of its steps, against the emulator: the next try finishes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from bbws_access.access.actor import operator
from bbws_access.emulator.process import RunningEmulator
from bbws_access.models.invitation import NewInvitation
from bbws_access.models.organisation import NewOrganisation
from bbws_access.store.codec import decode
from bbws_access.store.schema import table_definition
from tests.fakes import FakeIds
from tests.services.acceptance_child import ACCEPTANCE, client, services

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("emulator")]

EMAIL: Final = "thandi@example.com"
LATER: Final = 61
"""Seconds, after which the claim of one who died has run out."""

ROOT: Final = Path(__file__).parents[2]


class Scene:
    """One invitation, on a table and in a user pool of its own."""

    def __init__(self, endpoint: str, name: str) -> None:
        self.db, self.cognito = client("dynamodb", endpoint), client("cognito-idp", endpoint)
        self.db.create_table(**table_definition(name))
        attribute = {"Name": "organisation_id", "AttributeDataType": "String", "Mutable": True}
        self.pool = self.cognito.create_user_pool(PoolName=name, Schema=[attribute])["UserPool"]["Id"]
        app = self.cognito.create_user_pool_client(
            UserPoolId=self.pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )
        self.app = app["UserPoolClient"]["ClientId"]
        self.place = {"endpoint": endpoint, "table": name, "pool": self.pool}
        ids, who = FakeIds(), operator("arn:test", "ops@example.com")
        here = services(**self.place, ids=ids)
        self.org_id = here.organisations.create(who, NewOrganisation(name="Acme")).organisation_id
        self.role = here.roles.find(who, self.org_id, "ORG_ADMIN")
        here.invitations.create(who, self.org_id, NewInvitation(email=EMAIL, role_id=self.role.role_id))
        self.token = ids.tokens[-1]

    def accept(self, step: str | None = None, seconds: float = 0) -> tuple[int, str]:
        """By a process of its own; its code and, where it was refused, the error's."""
        given = {**self.place, "token": self.token, "step": step, "seconds": seconds}
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-m", "tests.services.acceptance_child"],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout

    def items(self) -> list[dict[str, Any]]:
        pages = self.db.get_paginator("scan").paginate(TableName=self.place["table"], ConsistentRead=True)
        return [decode(item) for page in pages for item in page["Items"]]

    def signs_in(self) -> bool:
        answer = self.cognito.initiate_auth(
            ClientId=self.app,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": EMAIL, "PASSWORD": ACCEPTANCE.password},
        )
        return "AccessToken" in answer["AuthenticationResult"]


@pytest.fixture
def scene(running: RunningEmulator, request: pytest.FixtureRequest) -> Scene:
    return Scene(running.endpoint, f"killed-{request.node.callspec.id.replace('_', '-')}")


@pytest.mark.parametrize("step", ["claim", "create", "set_password", "commit"])
def test_killed_after(scene: Scene, step: str) -> None:
    assert scene.accept(step) == (-signal.SIGKILL, "")
    if step != "commit":
        assert not [i for i in scene.items() if i["SK"].startswith("USER#") or "#USER#" in i["PK"]]
        assert scene.accept() == (1, "INVITATION_CHANGED")  # the claim of the dead one still stands
        assert scene.accept(seconds=LATER) == (0, "")
    assert scene.accept(seconds=LATER) == (1, "ALREADY_USED")

    items = scene.items()
    (profile,) = [i for i in items if i["SK"].startswith("USER#")]
    (assignment,) = [i for i in items if "#USER#" in i["PK"]]
    (event,) = [i for i in items if i.get("action") == "invitation.accept"]
    (account,) = scene.cognito.list_users(UserPoolId=scene.pool)["Users"]
    subject = next(a["Value"] for a in account["Attributes"] if a["Name"] == "sub")
    assert profile["userId"] == assignment["userId"] == event["userId"] == subject
    (role,) = [i for i in items if i["SK"] == f"ROLE#{scene.role.role_id}" and "permissions" in i]
    assert role["userCount"] == 1
    assert not [i for i in items if "claim" in i or i["SK"].startswith("UNIQUE#PENDING#")]
    assert scene.signs_in()
