"""Functions 7 to 14, and the page behind an invitation's link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bbws_access.bootstrap import Services
from bbws_access.catalogue import BY_NAME, ENDPOINTS, FUNCTIONS, PAGES
from bbws_access.cursors import Cursors
from bbws_access.errors import ProvisioningFailed
from bbws_access.models.organisation import Organisation
from lambdas.links import Links, serving
from lambdas.settings import Settings
from lambdas.wiring import wired
from tests.conftest import Platform
from tests.lambdas.gateway import CONTEXT, FakeSealer, ask, handler_of, proxy_event, send
from tests.services.holders import holder

pytestmark = [pytest.mark.usefixtures("functions"), pytest.mark.slow]

ACCEPTANCE = {"firstName": "Thandi", "lastName": "Nkosi", "password": "Correct-horse-7"}
INSIDE = ("tokenHash", "claim", "inviterId", "createdBy", "organisationId", "invitationId", "emailStatus", "version")


@pytest.fixture
def org(platform: Platform) -> Organisation:
    return platform.organisation()


def role_id(platform: Platform, org: Organisation, name: str = "SITE_VIEWER") -> str:
    return platform.services.roles.find(platform.operator, org.organisation_id, name).role_id


def page_event(token: str) -> dict[str, Any]:
    event = proxy_event("invitation-get-invitation-by-token", None, {"token": token})
    path = f"/invite/{token}"
    context = {**event["requestContext"], "path": path}
    return {**event, "resource": "/invite/{token}", "path": path, "requestContext": context}


def test_an_invitation_from_first_to_last(platform: Platform, org: Organisation) -> None:
    actor = holder(org.organisation_id, "invitation:* site:*")
    body = {"email": "Thandi@Example.com", "roleId": role_id(platform, org), "message": "Hello"}
    made = ask("invitation-create-invitation", actor, body, orgId=org.organisation_id)
    assert (made.status, made.json["email"], made.json["status"]) == (201, "thandi@example.com", "PENDING")
    path = f"/v1/organisations/{org.organisation_id}/invitations/{made.json['invitationId']}"
    assert made.json["_links"]["self"]["href"] == path
    here = {"orgId": org.organisation_id, "invitationId": made.json["invitationId"]}

    listed = ask("invitation-list-invitations", actor, query={"status": "PENDING"}, orgId=org.organisation_id)
    assert [i["invitationId"] for i in listed.json["items"]] == [made.json["invitationId"]]
    assert ask("invitation-get-invitation", actor, **here).json == made.json
    again = ask("invitation-resend-invitation", actor, **here)
    assert (again.status, again.json["resendCount"]) == (200, 1)

    token = platform.ids.tokens[-1]
    assert ask("invitation-get-invitation-by-token", None, token=token).json["newUser"] is True
    accepted = ask("invitation-accept-invitation", None, ACCEPTANCE, token=token)
    assert (accepted.status, accepted.json["status"]) == (200, "ACCEPTED")
    assert accepted.json["userId"] == platform.directory.accounts["thandi@example.com"].user_id
    used = ask("invitation-accept-invitation", None, ACCEPTANCE, token=token)
    assert (used.status, used.code) == (400, "ALREADY_USED")


def test_nothing_of_the_token_is_shown_to_members(platform: Platform, org: Organisation) -> None:
    invitation, _ = platform.invite(org)
    actor = holder(org.organisation_id, "invitation:read")
    shown = ask("invitation-get-invitation", actor, orgId=org.organisation_id, invitationId=invitation.invitation_id)
    assert invitation.token_hash not in shown.text
    assert "tokenHash" not in shown.text


def test_the_invited_see_what_concerns_them(platform: Platform, org: Organisation) -> None:
    _, token = platform.invite(org, message="Hi")
    shown = ask("invitation-get-invitation-by-token", None, token=token)
    assert set(shown.json) == {
        *("email", "organisationName", "roleName", "message", "inviterEmail", "status", "expiresAt", "newUser"),
        "_links",
    }
    assert not [name for name in INSIDE if name in shown.json]


def test_revoking(platform: Platform, org: Organisation) -> None:
    invitation, token = platform.invite(org)
    actor = holder(org.organisation_id, "invitation:revoke")
    here = {"orgId": org.organisation_id, "invitationId": invitation.invitation_id}
    for body, field in (
        ({"status": "ACCEPTED"}, "status"),
        ({}, "status"),
        ({"status": "REVOKED", "email": "x"}, "email"),
    ):
        refused = ask("invitation-revoke-invitation", actor, body, **here)
        assert (refused.status, set(refused.fields)) == (400, {field})
    assert ask("invitation-revoke-invitation", actor, {"status": "REVOKED"}, **here).json["status"] == "REVOKED"
    gone = ask("invitation-get-invitation-by-token", None, token=token)
    assert (gone.status, gone.code) == (410, "INVITATION_REVOKED")


def test_declining(platform: Platform, org: Organisation) -> None:
    _, token = platform.invite(org)
    assert ask("invitation-decline-invitation", None, token=token).json["status"] == "DECLINED"


@pytest.mark.parametrize("body", [None, "", "{}", " { } "])
def test_accepting_without_a_body_is_for_who_has_an_account(
    platform: Platform, org: Organisation, body: str | None
) -> None:
    _, token = platform.invite(org)
    refused = ask("invitation-accept-invitation", None, body, token=token)
    assert (refused.status, set(refused.fields)) == (400, set(ACCEPTANCE))
    ask("invitation-accept-invitation", None, ACCEPTANCE, token=token)
    _, token = platform.invite(platform.organisation("Other"), role="SITE_VIEWER")
    assert ask("invitation-accept-invitation", None, body, token=token).status == 200


@pytest.mark.parametrize(
    ("password", "words"),
    [("Sh0rt-1", "8 to 128"), ("x" * 129, "8 to 128"), ("no-upper-7", "upper-case"), (7, "8 to 128")],
)
def test_a_password_is_refused_at_its_field(platform: Platform, org: Organisation, password: Any, words: str) -> None:
    _, token = platform.invite(org)
    refused = ask("invitation-accept-invitation", None, {**ACCEPTANCE, "password": password}, token=token)
    assert (refused.status, set(refused.fields)) == (400, {"password"})
    assert words in refused.fields["password"]
    assert str(password) not in refused.text.replace("8 to 128", "")


def test_five_look_ups_a_minute(platform: Platform, org: Organisation) -> None:
    _, token = platform.invite(org)
    statuses = [ask("invitation-get-invitation-by-token", None, token="0" * 64).status for _ in range(6)]
    assert statuses == [404] * 5 + [429]
    for name in ("get-invitation-by-token", "accept-invitation", "decline-invitation"):
        body = ACCEPTANCE if name == "accept-invitation" else None
        assert ask(f"invitation-{name}", None, body, token=token).status == 429
    answer = handler_of("invitation-get-invitation-by-token")(page_event(token), CONTEXT)
    assert (answer["statusCode"], "Wait a minute" in answer["body"]) == (429, True)


@pytest.mark.parametrize("name", [f.name for f in FUNCTIONS[6:11]])
def test_members_only(org: Organisation, name: str) -> None:
    here = {"orgId": org.organisation_id, "invitationId": "i"}
    assert ask(name, None, {}, **here).status == 401
    status = {"status": "REVOKED", "email": "a@example.com", "roleId": "r"}
    wanted = {
        k: status[k] for k in (["status"] if "revoke" in name else ["email", "roleId"] if "create" in name else [])
    }
    assert ask(name, holder(org.organisation_id, "site:*"), wanted or None, **here).status == 403


def test_a_failed_email_is_logged_and_shown(
    platform: Platform, org: Organisation, caplog: pytest.LogCaptureFixture
) -> None:
    platform.mailer.broken = True
    body = {"email": "a@example.com", "roleId": role_id(platform, org)}
    actor = holder(org.organisation_id, "invitation:* site:*")
    made = ask("invitation-create-invitation", actor, body, orgId=org.organisation_id)
    assert (made.status, made.json["emailStatus"]) == (201, "FAILED")
    assert "invitation email failed" in caplog.messages
    assert "invitation sent" not in caplog.messages


@pytest.mark.parametrize("name", ["accept", "decline"])
def test_a_failed_letter_to_the_inviter_is_logged(
    platform: Platform, org: Organisation, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    _, token = platform.invite(org)
    platform.mailer.broken = True
    body = ACCEPTANCE if name == "accept" else None
    assert ask(f"invitation-{name}-invitation", None, body, token=token).status == 200
    assert caplog.messages.count("invitation email failed") == 1


def test_the_page_is_html_that_keeps_its_secret(platform: Platform, org: Organisation) -> None:
    _, token = platform.invite(org, message="<script>alert(1)</script>")
    answer = handler_of("invitation-get-invitation-by-token")(page_event(token), CONTEXT)
    headers, html = answer["headers"], answer["body"]
    assert (answer["statusCode"], headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "Access-Control-Allow-Origin" not in headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', html))
    assert policy.count(f"'nonce-{nonce}'") == 2
    assert "<script>alert" not in html
    assert token not in html
    assert not re.search(r'(src|href)="(?!data:,")', html)
    again = handler_of("invitation-get-invitation-by-token")(page_event(token), CONTEXT)
    assert nonce not in again["body"]


def test_pages_of_links_that_lead_nowhere(platform: Platform, org: Organisation) -> None:
    by_token = handler_of("invitation-get-invitation-by-token")
    invitation, token = platform.invite(org)
    unknown = by_token(page_event("0" * 64), CONTEXT)
    assert (unknown["statusCode"], "This link does not work" in unknown["body"]) == (404, True)
    platform.services.invitations.revoke(platform.operator, org.organisation_id, invitation.invitation_id)
    revoked = by_token(page_event(token), CONTEXT)
    assert (revoked["statusCode"], "withdrawn" in revoked["body"]) == (410, True)


def test_a_page_that_fails_says_nothing_of_the_inside(platform: Platform, org: Organisation) -> None:
    def broken(_: str) -> None:
        raise RuntimeError("secret of the inside")

    _, token = platform.invite(org)
    platform.directory.find = broken  # type: ignore[assignment, method-assign]
    answer = handler_of("invitation-get-invitation-by-token")(page_event(token), CONTEXT)
    assert (answer["statusCode"], "Something went wrong" in answer["body"]) == (500, True)
    assert "secret" not in answer["body"]


def test_pages_do_not_count_among_the_endpoints() -> None:
    assert (len(FUNCTIONS), len(ENDPOINTS)) == (43, 40)
    assert all(page.function in BY_NAME and not page.path.startswith("/v1") for page in PAGES)


AWS = {"domainName": "abc123.execute-api.eu-west-1.amazonaws.com", "apiId": "abc123", "stage": "dev"}


@pytest.mark.parametrize(
    ("public", "emulator", "context", "mount", "wanted"),
    [
        (None, None, AWS, "/dev", f"https://{AWS['domainName']}/dev"),
        (None, None, {**AWS, "domainName": "access.bbws.example"}, "", "https://access.bbws.example"),
        (None, None, {**AWS, "domainName": "api.bbws.example"}, "/access", "https://api.bbws.example/access"),
        ("https://in.example/", None, AWS, "/dev", "https://in.example"),
        (None, "http://127.0.0.1:4566/", {"apiId": "a1", "stage": "local"}, "/local",
         "http://127.0.0.1:4566/restapis/a1/local/_user_request_"),
    ],
)  # fmt: skip
def test_links_lead_to_the_api_that_was_asked(
    public: str | None, emulator: str | None, context: dict[str, str], mount: str, wanted: str
) -> None:
    event = proxy_event("invitation-create-invitation", None, {"orgId": "org-1"})
    event["requestContext"] = {**event["requestContext"], **context, "path": f"{mount}{event['path']}"}
    event["headers"] = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    with serving(event):
        assert Links(public, emulator).invitation("t") == f"{wanted}/invite/t"


def test_no_link_is_made_up() -> None:
    event = proxy_event("invitation-create-invitation", None, {"orgId": "org-1"})
    for emulator in (None, "http://127.0.0.1:4566"):
        with serving({**event, "headers": {"Host": "evil.example"}}), pytest.raises(ProvisioningFailed):
            Links(None, emulator).invitation("t")


@pytest.fixture
def linked(platform: Platform, functions: None) -> Iterator[None]:
    """The functions with links as they are deployed."""
    world = replace(platform.services._world, link_to=Links(None, None).invitation)
    with wired(Services(world), Cursors(FakeSealer())):
        yield


@pytest.mark.usefixtures("linked")
def test_the_email_carries_the_link_of_the_request(platform: Platform, org: Organisation) -> None:
    body = {"email": "a@example.com", "roleId": role_id(platform, org)}
    actor = holder(org.organisation_id, "invitation:* site:*")
    event = proxy_event("invitation-create-invitation", actor, {"orgId": org.organisation_id}, body)
    event["requestContext"] |= AWS
    event["requestContext"]["path"] = f"/dev{event['path']}"
    assert send("invitation-create-invitation", event).status == 201
    link = f"https://{AWS['domainName']}/dev/invite/{platform.ids.tokens[-1]}"
    assert link in platform.mailer.sent[-1].text


def test_what_the_environment_says_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    names = "ENV TABLE USER_POOL_ID USER_POOL_CLIENT_ID ISSUER MAIL_FROM CURSOR_KEY_ID"
    given = {f"BBWS_{name}": "x" for name in [*names.split(), "AUDIT_BUCKET", "AUDIT_LOCK_MODE"]}
    assert (Settings.read(given).public_url, Settings.read(given).endpoint_url) == (None, None)
    more = Settings.read(given | {"BBWS_PUBLIC_URL": "https://p", "AWS_ENDPOINT_URL": "http://e"})
    assert (more.public_url, more.endpoint_url) == ("https://p", "http://e")
