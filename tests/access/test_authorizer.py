"""The decision as a whole: who gets in, with what, and that everything else is a denial."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from bbws_access import keys
from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.access.authorizer import Authorizer, Decision, actor_of, context_of
from bbws_access.access.principal import Principal, PrincipalLoader
from bbws_access.errors import AccessError, Busy, Denied, Unauthenticated, Unreachable
from tests.access import jwts
from tests.access.contract import allows, requests
from tests.access.jwts import SUBJECT, Door
from tests.access.people import People
from tests.conftest import Platform

ORG = "org-1"
API = "arn:aws:execute-api:eu-west-1:123456789012:abcdefghij/dev"
ARN = f"{API}/GET/v1/platform/roles"
EVERYTHING = tuple(requests([ORG, "org-2"], ["team-1"], [SUBJECT, "somebody"]))
ORIGIN = Origin("127.0.0.1", "browser", "r-1")


class Loads:
    """In place of the table: a principal, or an error."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome
        self.asked: list[tuple[str, str | None]] = []

    def load(self, user_id: str, organisation_id: str | None, *, or_elsewhere: bool) -> Any:
        assert or_elsewhere
        self.asked.append((user_id, organisation_id))
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


MEMBER = Actor(SUBJECT, "thandi@example.com", ActorKind.USER, ORG, permissions=frozenset({"role:read"}))


def deciding(outcome: Any) -> tuple[Door, Loads, Authorizer]:
    door, loads = Door(), Loads(outcome)
    return door, loads, Authorizer(door.verifier, loads)  # type: ignore[arg-type]


def denies_everything(decision: Decision) -> bool:
    return not any(allows(decision.policy, f"{API}/{request.text}") for request in EVERYTHING)


def test_a_user_gets_in_with_what_they_hold(platform: Platform) -> None:
    people, door = People(platform), Door()
    people.user(ORG, SUBJECT)
    role = people.holding(ORG, SUBJECT, "role:read")
    authorizer = Authorizer(door.verifier, PrincipalLoader(platform.table, platform.clock))

    decision = authorizer.decide(f"Bearer {jwts.id_token()}", ARN)

    assert (decision.code, decision.cause, decision.principal_id) == ("ALLOWED", None, SUBJECT)
    assert allows(decision.policy, f"{API}/GET/v1/organisations/{ORG}/roles")
    assert not allows(decision.policy, f"{API}/POST/v1/organisations/{ORG}/roles")
    assert decision.context["roleIds"] == role
    assert decision.response() == {
        "principalId": SUBJECT,
        "policyDocument": decision.policy,
        "context": decision.context,
    }
    people.change(keys.user_key(ORG, SUBJECT), active=False)
    decision = authorizer.decide(jwts.id_token(), ARN)
    assert (decision.code, denies_everything(decision)) == ("USER_INACTIVE", True)


def test_the_organisation_is_the_tokens() -> None:
    _, loads, authorizer = deciding(Principal(MEMBER, ()))
    authorizer.decide(jwts.id_token(**{"custom:organisation_id": "org-7"}), ARN)
    authorizer.decide(jwts.access_token(), ARN)
    assert loads.asked == [(SUBJECT, "org-7"), (SUBJECT, None)]


BAD_TOKENS = {
    "none": (None, "TOKEN_MISSING"),
    "scheme only": ("Bearer", "TOKEN_MISSING"),
    "rubbish": ("rubbish", "TOKEN_INVALID"),
    "expired": (jwts.access_token(exp=jwts.NOW), "TOKEN_EXPIRED"),
    "foreign": (jwts.access_token("foreign"), "TOKEN_SIGNATURE_INVALID"),
    "another issuer": (jwts.access_token(iss="https://evil.example"), "TOKEN_INVALID"),
}


@pytest.mark.parametrize(("token", "code"), BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_bad_token_is_the_gateways_401_and_asks_the_table_nothing(token: str | None, code: str) -> None:
    _, loads, authorizer = deciding(Principal(MEMBER, ()))
    with pytest.raises(Unauthenticated) as refused:
        authorizer.decide(token, ARN)
    assert refused.value.code == code
    assert loads.asked == []


@pytest.mark.parametrize("code", ["USER_NOT_FOUND", "USER_INACTIVE", "ORG_ACCESS_DENIED", "PERMISSION_DENIED"])
def test_a_user_who_is_denied(code: str) -> None:
    _, _, authorizer = deciding(Denied("no", code=code))
    decision = authorizer.decide(jwts.access_token(), ARN)
    assert (decision.code, decision.context, decision.cause) == (code, {"denial": code}, None)
    assert decision.principal_id == SUBJECT
    assert denies_everything(decision)


AWS_ERROR = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "secret"}}, "Query")
FAILURES = [
    Busy("throttled"),
    Unreachable("no answer"),
    AccessError("defect"),
    Unauthenticated("the AWS credentials have expired"),
    Denied("AWS does not allow Query", code="AWS_DENIED"),
    AWS_ERROR,
    KeyError("teamRoleId"),
    TypeError("a secret"),
    ValueError("a secret"),
    RecursionError(),
    MemoryError(),
    Exception("Unauthorized"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_whatever_fails_denies_everything_and_tells_nobody_why(failure: Exception) -> None:
    _, _, authorizer = deciding(failure)
    decision = authorizer.decide(jwts.access_token(), ARN)
    assert denies_everything(decision)
    assert (decision.code, decision.cause) == ("INTERNAL_ERROR", type(failure).__name__)
    assert decision.context == {"denial": "INTERNAL_ERROR"}
    assert "secret" not in json.dumps(decision.response())


@pytest.mark.parametrize("failure", [Unreachable("no answer"), OSError("a secret"), KeyError("keys")])
def test_without_the_pools_keys_nobody_gets_in(failure: Exception) -> None:
    door, loads, authorizer = deciding(Principal(MEMBER, ()))
    door.pool.broken = failure
    decision = authorizer.decide(jwts.access_token(), ARN)
    assert (decision.code, decision.principal_id) == ("INTERNAL_ERROR", "anonymous")
    assert denies_everything(decision)
    assert loads.asked == []


@pytest.mark.parametrize("outcome", [None, "principal", Principal(None, ()), Principal(MEMBER, None)])  # type: ignore[arg-type]
def test_a_principal_that_is_none_denies(outcome: Any) -> None:
    _, _, authorizer = deciding(outcome)
    decision = authorizer.decide(jwts.access_token(), ARN)
    assert decision.code == "INTERNAL_ERROR"
    assert denies_everything(decision)


@pytest.mark.parametrize("token", [7, b"bytes", ["Bearer x"], {"a": 1}, True])
def test_an_authorization_that_is_no_text_denies(token: Any) -> None:
    _, _, authorizer = deciding(Principal(MEMBER, ()))
    decision = authorizer.decide(token, ARN)
    assert decision.code == "INTERNAL_ERROR"
    assert denies_everything(decision)


def test_the_context_is_text_throughout() -> None:
    actor = Actor(
        SUBJECT,
        "thandi@example.com",
        ActorKind.USER,
        ORG,
        permissions=frozenset({"site:read", "role:*"}),
        platform_permissions=frozenset({"usage:read"}),
        team_permissions=frozenset({"site:publish"}),
        team_capabilities={"team-2": frozenset({"B", "A"}), "team-1": frozenset()},
    )
    assert context_of(Principal(actor, ("role-1", "role-2"))) == {
        "userId": SUBJECT,
        "email": "thandi@example.com",
        "orgId": ORG,
        "teamIds": "team-1,team-2",
        "permissions": "role:*,site:read",
        "roleIds": "role-1,role-2",
        "platformPermissions": "usage:read",
        "teamPermissions": "site:publish",
        "teamCapabilities": '{"team-1":[],"team-2":["A","B"]}',
    }


WORDS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8)
GRANTS = st.frozensets(st.lists(WORDS, min_size=2, max_size=3).map(":".join) | st.just("*:*"), max_size=5)
ACTORS = st.builds(
    Actor,
    id=st.text(min_size=1, max_size=40),
    email=st.emails() | st.text(max_size=40),
    kind=st.just(ActorKind.USER),
    organisation_id=st.none() | st.text(min_size=1, max_size=40),
    permissions=GRANTS,
    platform_permissions=GRANTS,
    team_permissions=GRANTS,
    team_capabilities=st.dictionaries(
        st.text(max_size=40), st.frozensets(st.text(max_size=20), max_size=3), max_size=4
    ),
    origin=st.just(ORIGIN),
)


@given(ACTORS)
def test_what_a_function_is_given_is_who_was_let_in(actor: Actor) -> None:
    context = context_of(Principal(actor, ()))
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in context.items())
    assert actor_of(json.loads(json.dumps(context)), ORIGIN) == actor


@pytest.mark.parametrize("context", [{}, {"denial": "USER_INACTIVE"}, {"userId": ""}, {"permissions": "*:*"}])
def test_a_request_that_passed_no_authorizer_has_no_actor(context: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        actor_of(context, ORIGIN)
    assert refused.value.code == "TOKEN_MISSING"


def test_a_context_that_says_nothing_more_gives_nothing_more() -> None:
    assert actor_of({"userId": "u"}, ORIGIN) == Actor("u", "", ActorKind.USER, origin=ORIGIN)
    assert actor_of({"userId": "u", "permissions": ",,", "teamCapabilities": ""}, ORIGIN).permissions == frozenset()
