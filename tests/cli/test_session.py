"""What a session hands to commands: clients that are watched or refuse, and questions that are safe to read."""

from __future__ import annotations

from typing import Any

import pytest
from moto import mock_aws

from bbws_access.errors import Refused
from bbws_access.store.writes import Put
from cli.overrides import Overrides
from cli.session import Session
from tests.cli.conftest import Run
from tests.cli.memory import Memory


@pytest.fixture
def on_aws(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "endpoint", None)


def test_verbose_shows_each_request(on_aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    with mock_aws():
        Session(Overrides(verbose=True, quiet=True))._client("dynamodb").list_tables()
        Session(Overrides())._client("dynamodb").list_tables()
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "dynamodb ListTables 200\n")


def test_every_client_of_a_dry_run_refuses_to_write(on_aws: None) -> None:
    session = Session(Overrides(), dry_run=True)
    with mock_aws():
        assert session._client("dynamodb").list_tables()["TableNames"] == []
        for write in (
            lambda: session._client("s3").put_object(Bucket="b", Key="k", Body=b""),
            lambda: session._client("ses").send_email(Source="a@example.com", Destination={}, Message={}),
            lambda: session._client("cognito-idp").admin_disable_user(UserPoolId="eu-west-1_x", Username="u"),
            lambda: session.at("local")._client("dynamodb").delete_table(TableName="t"),
        ):
            with pytest.raises(Refused, match="this is a dry run"):
                write()


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 4)])
def test_a_question_does_nothing_to_the_terminal(
    office: Run, acme_office: Memory, monkeypatch: pytest.MonkeyPatch, answer: bool, code: int
) -> None:
    asked: list[str] = []

    def confirm(question: str, **_: Any) -> bool:
        asked.append(question)
        return answer

    team_id = office("teams", "create", "Evil", "-o", "json").json["teamId"]
    (team,) = [i for (_, sk), i in acme_office.table.state().items() if i and sk == f"TEAM#{team_id}"]
    evil = "Evil \x1b]0;owned\x07 {0} team"  # from before such a name was refused
    acme_office.table.transact([Put({**team, "name": evil})])
    monkeypatch.setattr(Session, "interactive", True)
    monkeypatch.setattr("typer.confirm", confirm)
    done = office("teams", "deactivate", team_id)
    assert (done.code, "nothing was done" in done.err) == (code, not answer)
    assert asked == ["Deactivate team Evil �]0;owned� {0} team? It gives nothing to its 0 members then."]
    assert "\x1b" not in done.err + done.out
