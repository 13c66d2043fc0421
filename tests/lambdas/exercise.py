"""All functions at work, as deployed: their own wiring, their own clients, AWS in memory behind them.

Each function is called so that it goes where it can go: reads that find and do not find, lists with a
further page, changes, and the failures that make it clean up after itself.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

import boto3
import pytest
from moto import mock_aws
from moto.ses import ses_backends

from bbws_access.access.actor import Actor, operator
from bbws_access.models.organisation import NewOrganisation
from bbws_access.names import Names
from bbws_access.store.schema import table_definition
from lambdas import authorizer, clients, wiring
from tests.access import jwts
from tests.fakes import FixedClock
from tests.lambdas.gateway import Reply, handler_of, proxy_event, send
from tests.lambdas.jwks_server import serving
from tests.lambdas.recorder import ACCOUNT, REGION, Recorder
from tests.services.holders import holder, member

NAMES: Final = Names("local")
SENDER: Final = "no-reply@bbws.example"
DEAD_LETTERS: Final = f"/aws/lambda/{NAMES.prefix}-dlq"
PASSWORD: Final = "Correct-horse-7"
HAS_AUDIT: Final = importlib.util.find_spec("lambdas.audit") is not None

_ACCEPTANCE: Final = {"firstName": "Thandi", "lastName": "Nkosi", "password": PASSWORD}


class Context:
    """What Lambda hands over beside the event."""

    _numbers = itertools.count()

    def __init__(self) -> None:
        self.aws_request_id = f"00000000-0000-4000-8000-{next(self._numbers):012d}"


class Deployed:
    """The functions over AWS in memory. ``key`` and ``pool`` are the parts of ARNs that AWS chose."""

    def __init__(self, recorder: Recorder, clock: FixedClock, key: str, pool: str) -> None:
        self.recorder = recorder
        self.clock = clock
        self.key = key
        self.pool = pool
        self.operator = operator(f"arn:aws:iam::{ACCOUNT}:user/ops", "ops@example.com")

    def ask(self, name: str, who: Actor | None, body: Any = None, query: Any = None, **params: str) -> Reply:
        """One HTTP request to the function ``name``, recorded as its own."""
        with self.recorder.running(name):
            return send(name, _reachable(proxy_event(name, who, params, body, query)))

    def run(self, name: str, event: Mapping[str, Any]) -> Any:
        """One run of a function that no HTTP request calls."""
        with self.recorder.running(name):
            return handler_of(name)(event, Context())

    def organisation(self, name: str) -> str:
        return wiring.services().organisations.create(self.operator, NewOrganisation(name=name)).organisation_id

    def role(self, org: str, name: str) -> str:
        return wiring.services().roles.find(self.operator, org, name).role_id

    def team_role(self, org: str, name: str) -> str:
        return wiring.services().teams.load_role_named(org, name).team_role_id

    def token_in_last_mail(self) -> str:
        text = str(ses_backends[ACCOUNT][REGION].sent_messages[-1].body)
        return text.partition("/invite/")[2][:64]


@contextmanager
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Stands the functions up; all that they remember of another AWS is forgotten before and after."""
    recorder, clock = Recorder(), FixedClock(jwts.START)
    with mock_aws(), serving([jwts.jwk_of("first")]) as jwks:
        aws = partial(boto3.client, region_name=REGION)
        aws("dynamodb").create_table(**table_definition(NAMES.table))
        aws("s3").create_bucket(
            Bucket=NAMES.audit_bucket,
            CreateBucketConfiguration={"LocationConstraint": REGION},
            ObjectLockEnabledForBucket=True,
        )
        aws("ses").verify_email_identity(EmailAddress=SENDER)
        aws("logs").create_log_group(logGroupName=DEAD_LETTERS)
        key = aws("kms").create_key()["KeyMetadata"]["Arn"]
        schema = [{"Name": "organisation_id", "AttributeDataType": "String", "Mutable": True}]
        pool = aws("cognito-idp").create_user_pool(PoolName="users", Schema=schema)["UserPool"]["Id"]
        settings = {
            "ENV": "local",
            "TABLE": NAMES.table,
            "USER_POOL_ID": pool,
            "USER_POOL_CLIENT_ID": jwts.CLIENT,
            "ISSUER": jwts.ISSUER,
            "JWKS_URL": jwks.url,
            "AUDIT_BUCKET": NAMES.audit_bucket,
            "AUDIT_LOCK_MODE": "GOVERNANCE",
            "MAIL_FROM": SENDER,
            "CURSOR_KEY_ID": key,
            "DEAD_LETTERS_LOG_GROUP": DEAD_LETTERS,
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"BBWS_{name}", value)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        make = clients.make_client
        monkeypatch.setattr(clients, "make_client", lambda *a, **k: recorder.watch(make(*a, **k)))
        for module in (wiring, authorizer):
            monkeypatch.setattr(module, "SystemClock", lambda: clock)
        _forget()
        try:
            yield Deployed(recorder, clock, key, pool)
        finally:
            _forget()


def _forget() -> None:
    for remembered in (
        wiring._deployed_services,
        wiring._deployed_cursors,
        wiring._deployed_decisions,
        authorizer._authorizer,
        authorizer._decisions,
        clients.client,
        clients.impatient_dynamodb,
    ):
        remembered.cache_clear()


def _reachable(event: dict[str, Any]) -> dict[str, Any]:
    """With the address that links are made of."""
    context = event["requestContext"] | {"domainName": "api.example"}
    return event | {"requestContext": context}


def use_everything(at: Deployed) -> None:
    """Calls every function that has a handler."""
    wiring.services().seeder.seed(at.operator)
    org = at.organisation("Acme")
    use_permissions(at, org)
    use_roles(at, org)
    use_teams(at, org)
    use_invitations(at, org)
    use_authorizer(at, org)
    if HAS_AUDIT:
        use_audit(at, org)


def pages(at: Deployed, name: str, who: Actor, **params: str) -> None:
    """The first page of a list, and the one after it."""
    first = at.ask(name, who, query={"pageSize": "1"}, **params)
    assert first.status == 200, first.text
    if first.json["moreAvailable"]:
        cursor = first.json["_links"]["next"]["href"].partition("startAt=")[2]
        assert at.ask(name, who, query={"pageSize": "1", "startAt": unquote(cursor)}, **params).status == 200


def use_permissions(at: Deployed, org: str) -> None:
    who = holder(org, "permission:* site:*")
    pages(at, "permission-list-permissions", who)
    assert at.ask("permission-list-permissions", who, query={"category": "SITE"}).status == 200
    assert at.ask("permission-get-permission", who, permissionId="site:read").status == 200
    body = {"name": "Publishers", "description": "May publish sites", "permissions": ["site:read"], "scope": "TEAM"}
    made = at.ask("permission-create-permission-set", who, body, orgId=org)
    assert made.status == 201, made.text
    assert at.ask("permission-create-permission-set", who, body, orgId=org).status == 409
    pages(at, "permission-list-permission-sets", who, orgId=org)
    for active in ("true", "false"):
        at.ask("permission-list-permission-sets", who, query={"active": active}, orgId=org)
    here = {"orgId": org, "setId": made.json["setId"]}
    assert at.ask("permission-get-permission-set", who, **here).status == 200
    assert at.ask("permission-get-permission-set", who, orgId=org, setId="nothing").status == 404
    assert at.ask("permission-update-permission-set", who, {"name": "Editors"}, **here).status == 200


def use_roles(at: Deployed, org: str) -> None:
    who = holder(org, "role:* site:*")
    pages(at, "role-list-platform-roles", who)
    platform_role = at.ask("role-list-platform-roles", who).json["items"][0]["roleId"]
    assert at.ask("role-get-platform-role", who, roleId=platform_role).status == 200
    body = {"name": "PUBLISHER", "displayName": "Publisher", "permissions": ["site:read"]}
    made = at.ask("role-create-role", who, body, orgId=org)
    assert made.status == 201, made.text
    pages(at, "role-list-roles", who, orgId=org)
    here = {"orgId": org, "roleId": made.json["roleId"]}
    assert at.ask("role-get-role", who, **here).status == 200
    assert at.ask("role-update-role", who, {"name": "WRITER"}, **here).status == 200
    assert at.ask("role-update-role", who, {"active": False}, **here).status == 200
    assert at.ask("role-assign-permissions", who, {"permissions": ["site:read", "site:update"]}, **here).status == 200
    assert at.run("role-seed-defaults", {"detail": {"organisationId": org}})["organisationId"] == org
    with pytest.raises(Exception, match="organisation"):
        at.run("role-seed-defaults", {"detail": {"organisationId": "org-nowhere"}})


def use_teams(at: Deployed, org: str) -> None:
    who = holder(org, "team:* org:user:manage user:read site:*")
    for user in ("u-1", "u-2"):
        profile(org, user)
    made = at.ask("team-create-team", who, {"name": "Web", "divisionId": "south"}, orgId=org)
    assert made.status == 201, made.text
    other = at.ask("team-create-team", who, {"name": "Net"}, orgId=org).json["teamId"]
    pages(at, "team-list-teams", who, orgId=org)
    here = {"orgId": org, "teamId": made.json["teamId"]}
    assert at.ask("team-get-team", who, **here).status == 200
    assert at.ask("team-update-team", who, {"name": "Web sites"}, **here).status == 200
    role = {"name": "GUEST", "displayName": "Guest", "capabilities": ["CAN_VIEW_SITES"]}
    guest = at.ask("team-create-team-role", who, role, orgId=org).json["teamRoleId"]
    pages(at, "team-list-team-roles", who, orgId=org)
    assert at.ask("team-get-team-role", who, orgId=org, teamRoleId=guest).status == 200
    renamed = at.ask("team-update-team-role", who, {"name": "VISITOR"}, orgId=org, teamRoleId=guest)
    assert renamed.status == 200, renamed.text
    lead, ordinary = at.team_role(org, "TEAM_LEAD"), at.team_role(org, "MEMBER")
    for user, role_id in (("u-1", lead), ("u-2", ordinary)):
        added = at.ask("team-add-member", who, {"userId": user, "teamRoleId": role_id}, **here)
        assert added.status == 201, added.text
    pages(at, "team-list-members", who, **here)
    assert at.ask("team-get-member", who, **here, userId="u-1").status == 200
    assert at.ask("team-update-member", who, {"active": False}, **here, userId="u-1").code == "LAST_LEAD"
    assert at.ask("team-update-member", who, {"teamRoleId": lead}, **here, userId="u-2").status == 200
    body = {"teamId": other, "teamRoleId": ordinary}
    moved = at.ask("team-transfer-member", who, body, **here, userId="u-2")
    assert moved.status == 200, moved.text
    pages(at, "team-get-user-teams", who, orgId=org, userId="u-2")
    assert at.ask("team-update-team", who, {"active": False}, orgId=org, teamId=other).status in {200, 409}


def use_invitations(at: Deployed, org: str) -> None:
    who = holder(org, "invitation:* site:* team:*")
    team = at.ask("team-create-team", holder(org, "team:*"), {"name": "Invited"}, orgId=org).json["teamId"]

    def invite(email: str, **more: str) -> tuple[dict[str, str], str]:
        body = {"email": email, "roleId": at.role(org, "SITE_VIEWER"), **more}
        made = at.ask("invitation-create-invitation", who, body, orgId=org)
        assert made.status == 201, made.text
        at.clock.advance(minutes=1)
        return {"orgId": org, "invitationId": made.json["invitationId"]}, at.token_in_last_mail()

    here, token = invite("thandi@example.com", teamId=team)
    pages(at, "invitation-list-invitations", who, orgId=org)
    assert at.ask("invitation-list-invitations", who, query={"status": "PENDING"}, orgId=org).status == 200
    assert at.ask("invitation-get-invitation", who, **here).status == 200
    assert at.ask("invitation-resend-invitation", who, **here).status == 200
    assert at.ask("invitation-get-invitation-by-token", None, token=token).status == 404
    token = at.token_in_last_mail()
    assert at.ask("invitation-get-invitation-by-token", None, token=token).status == 200
    accepted = at.ask("invitation-accept-invitation", None, _ACCEPTANCE, token=token)
    assert accepted.status == 200, accepted.text
    _, token = invite("lerato@example.com")
    assert at.ask("invitation-decline-invitation", None, token=token).status == 200
    here, _ = invite("sipho@example.com")
    assert at.ask("invitation-revoke-invitation", who, {"status": "REVOKED"}, **here).status == 200
    _, token = invite("naledi@example.com")
    at.clock.advance(days=8)
    assert at.ask("invitation-get-invitation-by-token", None, token=token).status == 410
    use_failing_acceptances(at)


def use_failing_acceptances(at: Deployed) -> None:
    """Accepting fails at its last step: the account that was made goes, one that was enabled is closed again."""
    org = at.organisation("Globex")
    who, roles = holder(org, "invitation:* site:*"), holder(org, "role:* site:*")
    for n, email in enumerate(("zola@example.com", "thandi@example.com")):
        body = {"name": f"SHORT_{n}", "displayName": "Short", "permissions": ["site:read"]}
        role = at.ask("role-create-role", roles, body, orgId=org).json["roleId"]
        assert at.ask("invitation-create-invitation", who, {"email": email, "roleId": role}, orgId=org).status == 201
        token = at.token_in_last_mail()
        assert at.ask("role-update-role", roles, {"active": False}, orgId=org, roleId=role).status == 200
        if email == "thandi@example.com":
            clients.client("cognito-idp").admin_disable_user(UserPoolId=at.pool, Username=email)
        failed = at.ask("invitation-accept-invitation", None, _ACCEPTANCE, token=token)
        assert failed.status in {404, 409}, failed.text
        at.clock.advance(minutes=2)


def use_authorizer(at: Deployed, org: str) -> None:
    profile(org, jwts.SUBJECT)
    role = at.role(org, "ORG_ADMIN")
    wiring.services().roles.assign(at.operator, org, jwts.SUBJECT, role)
    moment = at.clock.now().timestamp()
    claims = {"custom:organisation_id": org, "iat": int(moment), "exp": int(moment) + 3600, "auth_time": int(moment)}
    event = {
        "type": "TOKEN",
        "authorizationToken": f"Bearer {jwts.id_token(**claims)}",
        "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc/local/GET/v1/organisations/{org}/roles",
    }
    answer = at.run("authorizer-authorize", event)
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow", answer


def use_audit(at: Deployed, org: str) -> None:
    who = holder(org, "audit:*")
    for name in ("audit-get-access-logs", "audit-get-permission-logs"):
        pages(at, name, who)
    pages(at, "audit-get-org-audit", who, orgId=org)
    for query in ({"userId": "u-1"}, {"type": "TEAM_MEMBERSHIP"}, {"order": "oldest"}):
        assert at.ask("audit-get-org-audit", who, query=query, orgId=org).status == 200
    assert at.ask("audit-get-audit-summary", who).status == 200
    exported = at.ask("audit-export-audit", who, {"format": "csv"})
    assert exported.status == 201, exported.text
    at.clock.advance(days=3)
    assert at.run("audit-archive-expired", {})["parts"] >= 1
    at.clock.advance(days=1)
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(wiring.services().archive, "run", _fail)
        with pytest.raises(RuntimeError):
            at.run("audit-archive-expired", {})


def _fail(*_: Any, **__: Any) -> None:
    raise RuntimeError("the archive is not there")


def profile(org: str, user_id: str) -> None:
    """A member without roles and teams."""
    member(_AsPlatform(), org, user_id)  # type: ignore[arg-type]


class _AsPlatform:
    """What :func:`member` needs of the platform in memory."""

    def __init__(self) -> None:
        self.clock = FixedClock(jwts.START)
        self.table = wiring.services()._world.table
