"""One call of every method that writes, in an organisation where there is something to write about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bbws_access import keys
from bbws_access.access.actor import Origin, operator
from bbws_access.bootstrap import Services
from bbws_access.errors import AccessError, Gone
from bbws_access.keys import PLATFORM
from bbws_access.models.audit_questions import AuditQuestion
from bbws_access.models.invitation import Acceptance, NewInvitation
from bbws_access.models.kinds import ExportFormat
from bbws_access.models.organisation import NewOrganisation, OrganisationChanges
from bbws_access.models.permission import NewPermissionSet, PermissionSetChanges
from bbws_access.models.role import NewRole, RoleChanges, RolePermissions
from bbws_access.models.team import (
    MemberChanges,
    NewMember,
    NewTeam,
    NewTeamRole,
    TeamChanges,
    TeamRoleChanges,
    Transfer,
)
from bbws_access.models.user import UserChanges
from bbws_access.services.archive import ArchiveReport
from bbws_access.services.archive_recovery import RecoveryReport
from bbws_access.services.audit_evidence import Gathered
from bbws_access.services.uniqueness import Named, fold_name
from bbws_access.store.writes import Delete, Put, Update
from tests.cli.memory import Memory, MemoryTable

ORIGIN = Origin(ip_address="192.0.2.7", user_agent="Firefox", request_id="r-1")
OPERATOR = operator("arn:aws:iam::000000000000:user/eve", "eve@example.com", ORIGIN)
"""Nobody who has done anything before."""

ACCEPTANCE = Acceptance(first_name="New", last_name="Comer", password="Correct-horse-7")


class Stage:
    """A filled organisation, and how things in it are found."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.services = Services(memory.world)
        self.clock: Any = memory.world.clock
        self.org = self.services.organisations.find(OPERATOR, "Acme").organisation_id

    def over(self, table: MemoryTable) -> Stage:
        """The same world, with another table."""
        return Stage(replace(self.memory, table=table, world=replace(self.memory.world, table=table)))

    def role(self, name: str) -> str:
        return self.services.roles.find(OPERATOR, self.org, name).role_id

    def team(self, name: str) -> str:
        return self.services.teams.find(OPERATOR, self.org, name).team_id

    def team_role(self, name: str) -> str:
        return self.services.team_roles.find(OPERATOR, self.org, name).team_role_id

    def user(self, name: str) -> str:
        return self.services.users.find(OPERATOR, self.org, f"{name}@example.com").user_id

    def pending(self) -> str:
        (found,) = self.services.invitations.of_email(OPERATOR, self.org, "new@example.com")
        return found.invitation_id

    def last(self, action: str) -> str:
        """The id of the latest event of an action."""
        return self.memory.event(action)

    @property
    def token(self) -> str:
        return self.memory.token

    def set(self, name: str) -> str:
        return self.services.permission_sets.find(OPERATOR, self.org, name).set_id

    def question(self) -> AuditQuestion:
        return AuditQuestion(self.org, newest_first=False)


@dataclass(frozen=True)
class Case:
    """``tells`` names the events that the call leaves, each with the parts that its details have.

    ``who`` is the one that they name; ``given`` happens before; ``ends_in`` is raised when all is done.
    """

    call: Callable[[Stage], object]
    tells: dict[str, set[str]]
    who: str = OPERATOR.email
    given: Callable[[Stage], object] = lambda stage: None
    ends_in: type[AccessError] | None = None

    def perform(self, stage: Stage) -> None:
        try:
            self.call(stage)
        except AccessError as error:
            if self.ends_in is None or not isinstance(error, self.ends_in):
                raise


def _late(stage: Stage) -> None:
    stage.clock.advance(days=8)


def _next_day(stage: Stage) -> None:
    stage.clock.advance(days=1)


def _expired_from_the_table(stage: Stage) -> None:
    """The first day is archived, and its events have left the table since."""
    stage.clock.advance(days=1)
    stage.services.archive.run(OPERATOR, [stage.org])
    stage.clock.advance(days=45)
    days = f"ORG#{stage.org}#DATE#"
    gone = [pair for pair, item in stage.memory.table.state().items() if item and pair[0].startswith(days)]
    stage.memory.table.transact([Delete({"PK": pk, "SK": sk}) for pk, sk in gone])


def _set_back_before_the_archive(stage: Stage) -> None:
    """A day is archived, and the table restored to a moment before the day's last change."""
    table = stage.memory.table
    before = table.state()
    stage.services.teams.create(OPERATOR, stage.org, NewTeam(name="Afterwards"))
    stage.clock.advance(days=1)
    stage.services.archive.run(OPERATOR, [stage.org])
    now = table.state()
    changed = [pair for pair in now if now[pair] != before.get(pair)]
    olds = ((pair, before.get(pair)) for pair in changed)
    table.transact([Put(old) if old else Delete({"PK": pair[0], "SK": pair[1]}) for pair, old in olds])


def _without_a_default(stage: Stage) -> None:
    guard = keys.unique_name_key(stage.org, Named.ROLE, fold_name("SITE_VIEWER"))
    stage.memory.table.transact([Delete(keys.role_key(stage.org, stage.role("SITE_VIEWER"))), Delete(guard)])


def _with_an_earlier_default(stage: Stage) -> None:
    key = keys.role_key(stage.org, stage.role("SITE_EDITOR"))
    stage.memory.table.transact([Update(key, assign={"displayName": "As it was"})])


def _without_a_platform_role(stage: Stage) -> None:
    role = stage.services.roles.find(OPERATOR, PLATFORM, "BILLING_ADMIN").role_id
    guard = keys.unique_name_key(PLATFORM, Named.ROLE, fold_name("BILLING_ADMIN"))
    stage.memory.table.transact([Delete(keys.role_key(PLATFORM, role)), Delete(guard)])


def _deactivated(stage: Stage) -> None:
    stage.services.users.deactivate(OPERATOR, stage.org, stage.user("ada"))


def _report(stage: Stage) -> None:
    reports = stage.services.audit_reports
    asked = reports.question(OPERATOR, stage.question())
    reports.record(OPERATOR, reports.made_from(OPERATOR, "Acme", asked, []), "report.html", "0" * 64)


GATHERED = Gathered(date(2026, 3, 1), date(2026, 3, 2))
SITE_READ = frozenset({"site:read"})
SITE_BOTH = frozenset({"site:read", "site:update"})
BOTH, AFTER, BEFORE = {"before", "after"}, {"after"}, {"before"}

EXPIRED = {"invitation.expire": {"email"}}

NOTES = {"invitations.mail", "invitations.tell"}
"""What writes and changes nothing that is anybody's: what became of a letter, whose invitation has its event."""


def _review(stage: Stage) -> None:
    reviews = stage.services.access_reviews
    made = reviews.review(OPERATOR, stage.services.organisations.load(stage.org), reviews.rows(OPERATOR, stage.org))
    reviews.record(OPERATOR, made, "review.html", "html", "0" * 64)


def _renamed(stage: Stage) -> None:
    stage.services.teams.update(OPERATOR, stage.org, stage.team("Web"), TeamChanges(name="Internet"))


CASES: dict[str, Case] = {
    "accept_invitation.accept": Case(
        lambda s: s.services.accept_invitation.accept(s.token, ACCEPTANCE, ORIGIN),
        {"invitation.accept": AFTER, "user.create": AFTER, "role.assign": AFTER},
        who="new@example.com",
    ),
    "accept_invitation.open": Case(
        lambda s: s.services.accept_invitation.open(s.token, ORIGIN),
        EXPIRED,
        who="expiry@system",
        given=_late,
        ends_in=Gone,
    ),
    "access_reviews.record": Case(_review, {"access.review": {"target", "format", "sha256", "count"}}),
    "archive.run": Case(
        lambda s: _whole(s.services.archive.run(OPERATOR, [s.org])),
        {"audit.archive": {"sha256", "manifest"}},
        given=_next_day,
    ),
    "archive_recovery.recover": Case(
        lambda s: _whole(s.services.archive_recovery.recover(OPERATOR, [s.org])),
        {"audit.restore": {"from", "to", "parts", "written", "forked"}},
        given=_set_back_before_the_archive,
    ),
    "archive_restore.into_table": Case(
        lambda s: s.services.archive_restore.into_table(OPERATOR, s.org, "2026-03-01"),
        {"audit.restore": {"date", "written"}},
        given=_expired_from_the_table,
    ),
    "archive_restore.thaw": Case(
        lambda s: s.services.archive_restore.thaw(OPERATOR, s.org, "2026-03-01"),
        {"audit.thaw": {"date", "parts", "days"}},
        given=_expired_from_the_table,
    ),
    "audit.export": Case(
        lambda s: s.services.audit.export(OPERATOR, s.question(), ExportFormat.CSV),
        {"audit.export": {"target", "sha256", "count"}},
    ),
    "audit.record_export": Case(
        lambda s: s.services.audit.record_export(OPERATOR, s.org, "x.csv", "csv", 1, "0" * 64),
        {"audit.export": {"target", "sha256", "count"}},
    ),
    "audit_evidence.record": Case(
        lambda s: s.services.audit_evidence.record(OPERATOR, s.org, GATHERED, "evidence.zip", "0" * 64),
        {"audit.evidence": {"target", "sha256", "count", "from", "to"}},
    ),
    "audit_reports.record": Case(_report, {"audit.report": {"target", "sha256", "count"}}),
    "invitations.by_token": Case(
        lambda s: s.services.invitations.by_token(s.token, ORIGIN),
        EXPIRED,
        who="expiry@system",
        given=_late,
        ends_in=Gone,
    ),
    "invitations.create": Case(
        lambda s: s.services.invitations.create(
            OPERATOR, s.org, NewInvitation(email="next@example.com", role_id=s.role("SITE_VIEWER"))
        ),
        {"invitation.create": AFTER},
    ),
    "invitations.decline": Case(
        lambda s: s.services.invitations.decline(s.token, ORIGIN),
        {"invitation.decline": {"email"}},
        who="new@example.com",
    ),
    "invitations.get": Case(
        lambda s: s.services.invitations.get(OPERATOR, s.org, s.pending()), EXPIRED, who="expiry@system", given=_late
    ),
    "invitations.resend": Case(
        lambda s: s.services.invitations.resend(OPERATOR, s.org, s.pending()), {"invitation.resend": AFTER}
    ),
    "invitations.revoke": Case(
        lambda s: s.services.invitations.revoke(OPERATOR, s.org, s.pending()), {"invitation.revoke": {"email"}}
    ),
    "members.add": Case(
        lambda s: s.services.members.add(
            OPERATOR, s.org, s.team("Shop"), NewMember(user_id=s.user("ada"), team_role_id=s.team_role("MEMBER"))
        ),
        {"team.member.add": AFTER},
    ),
    "members.transfer": Case(
        lambda s: s.services.members.transfer(
            OPERATOR, s.org, s.team("Web"), s.user("ada"), Transfer(team_id=s.team("Shop"))
        ),
        {"team.member.remove": BEFORE, "team.member.add": AFTER},
    ),
    "members.update": Case(
        lambda s: s.services.members.update(
            OPERATOR, s.org, s.team("Web"), s.user("ada"), MemberChanges(team_role_id=s.team_role("MEMBER"))
        ),
        {"team.member.update": BOTH},
    ),
    "offboarding.take": Case(
        lambda s: s.services.offboarding.take(
            OPERATOR, s.services.offboarding.look(OPERATOR, s.org, s.user("ada")), None
        ),
        {"user.deactivate": BOTH, "user.offboard": {"email"}, "role.revoke": BEFORE, "team.member.remove": BEFORE},
    ),
    "organisations.create": Case(
        lambda s: s.services.organisations.create(OPERATOR, NewOrganisation(name="Initech")),
        {"organisation.create": AFTER, "organisation.seed": AFTER},
    ),
    "organisations.update": Case(
        lambda s: s.services.organisations.update(OPERATOR, s.org, OrganisationChanges(name="Acme 2")),
        {"organisation.update": BOTH},
    ),
    "permission_sets.create": Case(
        lambda s: s.services.permission_sets.create(
            OPERATOR, s.org, NewPermissionSet(name="Readers", description="Of all that is.", permissions=SITE_READ)
        ),
        {"permission-set.create": AFTER},
    ),
    "permission_sets.update": Case(
        lambda s: s.services.permission_sets.update(
            OPERATOR, s.org, s.set("Own set"), PermissionSetChanges(permissions=SITE_BOTH)
        ),
        {"permission-set.update": BOTH},
    ),
    "role_assignments.assign": Case(
        lambda s: s.services.role_assignments.assign(OPERATOR, s.org, s.user("ada"), s.role("SITE_EDITOR")),
        {"role.assign": AFTER},
    ),
    "role_assignments.assign_platform": Case(
        lambda s: s.services.role_assignments.assign_platform(
            OPERATOR, s.org, s.user("ada"), s.services.roles.find(OPERATOR, PLATFORM, "SUPPORT_AGENT").role_id
        ),
        {"role.assign": AFTER},
    ),
    "role_assignments.revoke": Case(
        lambda s: s.services.role_assignments.revoke(OPERATOR, s.org, s.user("ada"), s.role("SITE_VIEWER")),
        {"role.revoke": BEFORE},
    ),
    "roles.assign": Case(
        lambda s: s.services.roles.assign(OPERATOR, s.org, s.user("ada"), s.role("SITE_EDITOR")),
        {"role.assign": AFTER},
    ),
    "roles.create": Case(
        lambda s: s.services.roles.create(
            OPERATOR, s.org, NewRole(name="READER", display_name="Reader", permissions=SITE_READ)
        ),
        {"role.create": AFTER},
    ),
    "roles.seed_defaults": Case(
        lambda s: s.services.roles.seed_defaults(OPERATOR, s.org),
        {"organisation.seed": AFTER},
        given=_without_a_default,
    ),
    "roles.set_permissions": Case(
        lambda s: s.services.roles.set_permissions(
            OPERATOR, s.org, s.role("SITE_VIEWER"), RolePermissions(permissions=SITE_BOTH)
        ),
        {"role.permissions": BOTH},
    ),
    "roles.update": Case(
        lambda s: s.services.roles.update(OPERATOR, s.org, s.role("SITE_VIEWER"), RoleChanges(priority=7)),
        {"role.update": BOTH},
    ),
    "seed_diff.take": Case(
        lambda s: s.services.seed_diff.take(OPERATOR, s.org, s.services.seed_diff.differences(OPERATOR, s.org)),
        {"seed.take": BOTH},
        given=_with_an_earlier_default,
    ),
    "seeder.seed": Case(
        lambda s: s.services.seeder.seed(OPERATOR), {"table.seed": AFTER}, given=_without_a_platform_role
    ),
    "team_roles.create": Case(
        lambda s: s.services.team_roles.create(
            OPERATOR, s.org, NewTeamRole(name="GUEST", display_name="Guest", capabilities={"CAN_VIEW_SITES"})
        ),
        {"team-role.create": AFTER},
    ),
    "team_roles.update": Case(
        lambda s: s.services.team_roles.update(
            OPERATOR, s.org, s.team_role("VIEWER"), TeamRoleChanges(display_name="Onlooker")
        ),
        {"team-role.update": BOTH},
    ),
    "teams.create": Case(
        lambda s: s.services.teams.create(OPERATOR, s.org, NewTeam(name="Desk")), {"team.create": AFTER}
    ),
    "teams.update": Case(
        lambda s: s.services.teams.update(OPERATOR, s.org, s.team("Web"), TeamChanges(name="Internet")),
        {"team.update": BOTH},
    ),
    "undo.take": Case(
        lambda s: s.services.undo.take(OPERATOR, s.org, s.last("team.update")),
        {"team.update": BOTH | {"undoes"}},
        given=_renamed,
    ),
    "users.deactivate": Case(
        lambda s: s.services.users.deactivate(OPERATOR, s.org, s.user("ada")),
        {"user.deactivate": BOTH, "role.revoke": BEFORE, "team.member.remove": BEFORE},
    ),
    "users.reactivate": Case(
        lambda s: s.services.users.reactivate(OPERATOR, s.org, s.user("ada")),
        {"user.reactivate": BOTH, "role.assign": AFTER, "team.member.add": AFTER},
        given=_deactivated,
    ),
    "users.update": Case(
        lambda s: s.services.users.update(OPERATOR, s.org, s.user("ada"), UserChanges(first_name="Ada")),
        {"user.update": BOTH},
    ),
}
"""By the service's name among :class:`Services` and the method's."""


def _whole(report: ArchiveReport | RecoveryReport) -> None:
    """A run reports what failed; here it raises it."""
    if report.failures:
        raise report.failures[0].error
