"""An organisation that is deactivated lets nobody in and nobody join; all of it comes back with a reactivation."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access.access.actor import Actor, ActorKind, Origin
from bbws_access.errors import Conflict, Denied
from bbws_access.models.invitation import NewInvitation
from bbws_access.models.organisation import OrganisationChanges
from tests.services.writing_cases import ACCEPTANCE, OPERATOR, Stage


def deactivate(stage: Stage) -> None:
    stage.services.organisations.update(OPERATOR, stage.org, OrganisationChanges(active=False))


def test_its_members_are_turned_away_until_it_is_reactivated(stage: Stage) -> None:
    access, ada = stage.services.effective_access, stage.user("ada")
    before = access.show(OPERATOR, stage.org, ada)
    deactivate(stage)
    held = access.show(OPERATOR, stage.org, ada)
    assert (held.denied, held.grants) == ("ORG_ACCESS_DENIED", ())
    assert not access.can(OPERATOR, stage.org, ada, "site:read", stage.team("Web")).allowed
    assert access.explain(OPERATOR, stage.org, ada, "GET", "/v1/platform/permissions").code == "ORG_ACCESS_DENIED"
    assert list(access.who(OPERATOR, stage.org, "site:read")) == []
    stage.services.organisations.update(OPERATOR, stage.org, OrganisationChanges(active=True))
    assert access.show(OPERATOR, stage.org, ada) == before


def test_nobody_joins_it(stage: Stage) -> None:
    mailer: Any = stage.memory.world.mailer
    deactivate(stage)
    before, sent = stage.memory.table.state(), len(mailer.sent)
    request = NewInvitation(email="x@example.com", role_id=stage.role("SITE_VIEWER"))
    for what in (
        lambda: stage.services.invitations.create(OPERATOR, stage.org, request),
        lambda: stage.services.invitations.resend(OPERATOR, stage.org, stage.pending()),
        lambda: stage.services.accept_invitation.accept(stage.token, ACCEPTANCE, Origin()),
        lambda: stage.services.import_rows.names(OPERATOR, stage.org),
    ):
        with pytest.raises(Conflict, match="organisation Acme is deactivated") as refused:
            what()
        assert refused.value.code == "ORGANISATION_INACTIVE"
    assert (stage.memory.table.state(), len(mailer.sent)) == (before, sent)
    assert stage.services.invitations.decline(stage.token, Origin()).status == "DECLINED"


def test_nobody_joins_it_who_was_on_the_way(stage: Stage) -> None:
    """Deactivated between the first look at the invitation and its end."""
    directory: Any = stage.memory.world.directory
    create = directory.create

    def meanwhile(*words: Any) -> Any:
        deactivate(stage)
        return create(*words)

    directory.create = meanwhile
    with pytest.raises(Conflict) as refused:
        stage.services.accept_invitation.accept(stage.token, ACCEPTANCE, Origin())
    assert refused.value.code == "ORGANISATION_INACTIVE"
    assert stage.services.invitations.load(stage.org, stage.pending()).status == "PENDING"
    assert directory.find("new@example.com") is None


def test_it_is_the_platforms_to_say(stage: Stage) -> None:
    admin = Actor("u", "u@example.com", ActorKind.USER, stage.org, frozenset({"*:*"}))
    for active in (False, True):
        with pytest.raises(Denied):
            stage.services.organisations.update(admin, stage.org, OrganisationChanges(active=active))
    renamed = stage.services.organisations.update(admin, stage.org, OrganisationChanges(name="Acme 2"))
    assert (renamed.name, renamed.active) == ("Acme 2", True)


def test_it_can_be_undone(stage: Stage) -> None:
    deactivate(stage)
    undone = stage.services.undo.take(OPERATOR, stage.org, stage.last("organisation.update"))
    assert "organisation Acme becomes what it was" in undone.says
    assert stage.services.organisations.load(stage.org).active
