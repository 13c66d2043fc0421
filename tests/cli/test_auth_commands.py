"""``auth``: signing in at the command line, and looking at who one is."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from bbws_access.models.invitation import Acceptance
from cli import session as session_module
from cli.tour import keep_account
from tests.access import jwts
from tests.cli.conftest import Run
from tests.conftest import Platform
from tests.lambdas.jwks_server import serving

pytestmark = pytest.mark.slow

EMAIL, PASSWORD = "ada@acme.example.com", "Correct-horse-7"


@pytest.fixture
def auth(bbws: Run, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command line over a user pool in memory, in which Ada has an account."""
    cognito = boto3.client("cognito-idp", region_name="eu-west-1")
    schema = [{"Name": "organisation_id", "AttributeDataType": "String", "Mutable": True}]
    pool = cognito.create_user_pool(PoolName="users", UsernameAttributes=["email"], Schema=schema)["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="c", ExplicitAuthFlows=flows)
    org = platform.organisation("Acme")
    invitation, token = platform.invite(org, EMAIL)
    person = Acceptance(first_name="Ada", last_name="L", password=PASSWORD)
    user = platform.services.accept_invitation.accept(token, person, platform.operator.origin).user
    attributes = {"email": EMAIL, "custom:organisation_id": invitation.organisation_id}
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=EMAIL,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)
    clients = {"cognito-idp": cognito, "dynamodb": platform.client}
    with serving([jwts.jwk_of("first")]) as server:
        outputs = {
            "user_pool_id": pool,
            "user_pool_client_id": client["UserPoolClient"]["ClientId"],
            "issuer": jwts.ISSUER,
            "jwks_url": server.url,
        }
        monkeypatch.setattr(session_module.Session, "outputs", outputs)
        monkeypatch.setattr(session_module.Session, "client", lambda _self, service: clients[service])
        monkeypatch.setattr("bbws_access.names.Names.table", platform.table.name)
        monkeypatch.setattr(jwts, "SUBJECT", user.user_id)
        yield bbws


def live_token(**claims: Any) -> str:
    return jwts.id_token(now=int(time.time()), **claims)


def test_a_token_and_nothing_else(auth: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BBWS_ACCESS_PASSWORD", PASSWORD)
    done = auth("auth", "token", "--user", EMAIL)
    assert (done.code, done.err) == (0, "")
    assert done.out.count(".") == 2
    assert done.out == done.out.strip() + "\n"
    other = auth("auth", "token", "--user", EMAIL, "--kind", "access", "-o", "json").json
    assert (other["kind"], other["expiresIn"]) == ("access", 3600)


def test_the_password_of_a_file_and_of_a_tour(auth: Run, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    assert auth("auth", "token", "--user", EMAIL, "--password-file", str(tmp_path / "password")).code == 0
    nobody = auth("auth", "token", "--user", EMAIL)
    assert (nobody.code, nobody.out) == (2, "")
    assert "set BBWS_ACCESS_PASSWORD" in nobody.err
    folder = Path(os.environ["BBWS_ACCESS_STATE_DIR"]) / "local"
    folder.mkdir(parents=True)
    keep_account(folder, EMAIL, PASSWORD)
    assert (folder / "tour-accounts.json").stat().st_mode & 0o777 == 0o600
    assert auth("auth", "token", "--user", EMAIL.upper()).code == 0


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb\n", b"\xff\xfe", b"x" * 5000])
def test_a_file_without_a_password(auth: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    done = auth("auth", "token", "--user", EMAIL, "--password-file", str(tmp_path / "password"))
    assert (done.code, done.out) == (2, "")
    assert "--password-file" in done.err


def test_who_cannot_sign_in(auth: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BBWS_ACCESS_PASSWORD", "Wrong-horse-7")
    wrong = auth("auth", "token", "--user", EMAIL)
    assert (wrong.code, wrong.out) == (4, "")
    assert wrong.err == f"error: the password is not that of {EMAIL}\n"
    unknown = auth("auth", "token", "--user", "nobody@acme.example.com")
    assert (unknown.code, unknown.out) == (1, "")
    assert "nobody@acme.example.com has no account" in unknown.err


def test_the_password_is_no_flag(auth: Run) -> None:
    assert auth("auth", "token", "--user", EMAIL, "--password", PASSWORD).code == 2


def test_who_acts(auth: Run) -> None:
    shown = auth("auth", "whoami", "-o", "json").json
    assert (shown["environment"], shown["account"]) == ("local", "000000000000")
    assert shown["caller"].startswith("arn:aws:iam::000000000000:user/")


def test_what_the_api_would_know(auth: Run, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = auth("auth", "whoami", "--user", "nobody@acme.example.com")
    assert (unknown.code, unknown.out) == (1, "")
    org_id = platform.services.organisations.find(platform.operator, "Acme").organisation_id
    user = platform.services.users.find(platform.operator, org_id, EMAIL)
    claims = {
        "sub": user.user_id,
        "custom:organisation_id": org_id,
        "aud": session_module.Session.outputs["user_pool_client_id"],
    }
    monkeypatch.setattr("sys.stdin", io.StringIO(live_token(**claims)))
    known = auth("auth", "whoami", "--token-file", "-", "-o", "json").json
    assert (known["userId"], known["email"]) == (user.user_id, EMAIL)
    assert "role:*" in known["permissions"]
    assert auth("auth", "whoami", "--token-file", "-", "--user", EMAIL).code == 2


def test_a_token_that_would_be_taken(auth: Run) -> None:
    token = live_token(aud=session_module.Session.outputs["user_pool_client_id"])
    done = auth("auth", "decode", token)
    assert done.code == 0
    assert "yes: the authorizer of local takes it" in done.out
    assert "expires in 59 minutes" in done.out or "expires in 1 hour" in done.out
    assert token.rpartition(".")[2] not in done.out
    shown = auth("auth", "decode", token, "-o", "json").json
    assert (shown["verified"], shown["header"]["alg"], shown["claims"]["token_use"]) == (True, "RS256", "id")
    assert token.rpartition(".")[2] not in str(shown)


def test_tokens_that_would_not(auth: Run) -> None:
    client = session_module.Session.outputs["user_pool_client_id"]
    for token, words in [
        (live_token(aud=client)[:-4] + "AAAA", "TOKEN_SIGNATURE_INVALID"),
        (live_token(aud="another"), "another client"),
        (jwts.id_token(now=1_000_000, aud=client), "TOKEN_EXPIRED"),
        (jwts.sign({"alg": "none"}, {"sub": "x"}), "TOKEN_SIGNATURE_INVALID"),
    ]:
        done = auth("auth", "decode", token)
        assert done.code == 3
        assert f"no: {words}" in done.out or words in done.out
        assert "Verified" in done.out


def test_a_token_is_read_where_nothing_runs(bare: Run) -> None:
    done = bare("auth", "decode", live_token(), "-o", "json")
    assert done.code == 0
    assert done.json["verified"] is None
    assert done.json["verification"].startswith("not checked: ")


@pytest.mark.parametrize("text", ["rubbish", "a.b.c", "é.é.é", "x" * 50_000])
def test_no_token(bare: Run, text: str) -> None:
    done = bare("auth", "decode", text)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: this is no JWT")


def test_a_claim_cannot_drive_the_terminal(bare: Run) -> None:
    done = bare("auth", "decode", live_token(email="a\x1b[31m\u202eb"))
    assert "\x1b[31m" not in done.out
    assert "\u202e" not in done.out
