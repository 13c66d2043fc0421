"""How the services hang together: said once, for both doors and for tests.

A door makes a :class:`World` from what it knows (AWS clients, the environment's names) and gets
:class:`Services`. Nothing is built or imported before it is asked for: a command waits for its own service only,
and so does the cold start of a function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from bbws_access.audit_storage import AuditStorage
from bbws_access.clock import Clock
from bbws_access.directory import Directory
from bbws_access.ids import Ids
from bbws_access.mail import Mailer
from bbws_access.store.table import Table

if TYPE_CHECKING:
    from bbws_access.services.acceptance import AcceptInvitation
    from bbws_access.services.access_expectations import AccessExpectations
    from bbws_access.services.access_review import AccessReviews
    from bbws_access.services.archive import Archive
    from bbws_access.services.archive_recovery import ArchiveRecovery
    from bbws_access.services.archive_restore import ArchiveRestore
    from bbws_access.services.audit import Audit
    from bbws_access.services.audit_evidence import AuditEvidence
    from bbws_access.services.audit_report import AuditReports
    from bbws_access.services.audit_verify import AuditVerify
    from bbws_access.services.bound_trail import BoundTrail
    from bbws_access.services.declared.apply import Applying, StepTaker
    from bbws_access.services.declared.standing import Standings
    from bbws_access.services.declared.steps import Plan
    from bbws_access.services.effective_access import EffectiveAccessQuestions
    from bbws_access.services.import_rows import ImportRows
    from bbws_access.services.inverses import Doers
    from bbws_access.services.invitations import Invitations
    from bbws_access.services.members import Members
    from bbws_access.services.offboarding import Offboarding
    from bbws_access.services.organisations import Organisations
    from bbws_access.services.past_access import PastAccessQuestions
    from bbws_access.services.permission_sets import PermissionSets
    from bbws_access.services.permissions import Permissions
    from bbws_access.services.role_assignments import RoleAssignments
    from bbws_access.services.roles import Roles
    from bbws_access.services.seed import Seeder
    from bbws_access.services.seed_diff import SeedDiff
    from bbws_access.services.team_roles import TeamRoles
    from bbws_access.services.teams import Teams
    from bbws_access.services.trail import Trail
    from bbws_access.services.undo import Undo
    from bbws_access.services.user_import import UserImport
    from bbws_access.services.users import Users


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside the services. ``link_to`` turns an invitation's token into its link."""

    table: Table
    clock: Clock
    ids: Ids
    mailer: Mailer
    directory: Directory
    audit_storage: AuditStorage
    link_to: Callable[[str], str]


class Services:
    """The services over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def table(self) -> Table:
        """For work on the table as a whole: checks, backups, migrations."""
        return self._world.table

    @cached_property
    def trail(self) -> Trail:
        from bbws_access.services.trail import Trail

        return Trail(self._world.table, self._world.clock, self._world.ids)

    @cached_property
    def seeder(self) -> Seeder:
        from bbws_access.services.seed import Seeder

        return Seeder(self._world.table, self.trail, self._world.clock)

    @cached_property
    def seed_diff(self) -> SeedDiff:
        from bbws_access.services.seed_diff import SeedDiff

        return SeedDiff(self._world.table, self.trail, self._world.clock)

    @cached_property
    def permissions(self) -> Permissions:
        from bbws_access.services.permissions import Permissions

        return Permissions(self._world.table)

    @cached_property
    def permission_sets(self) -> PermissionSets:
        from bbws_access.services.permission_sets import PermissionSets

        return PermissionSets(self._world.table, self.trail, self._world.clock, self._world.ids)

    @cached_property
    def organisations(self) -> Organisations:
        from bbws_access.services.organisations import Organisations

        return Organisations(self._world.table, self.trail, self._world.clock, self._world.ids)

    @cached_property
    def roles(self) -> Roles:
        from bbws_access.services.roles import Roles

        return Roles(self._world.table, self.trail, self._world.clock, self._world.ids)

    @cached_property
    def role_assignments(self) -> RoleAssignments:
        from bbws_access.services.role_assignments import RoleAssignments

        return RoleAssignments(self._world.table, self.trail, self._world.clock)

    @cached_property
    def teams(self) -> Teams:
        from bbws_access.services.teams import Teams

        return Teams(self._world.table, self.trail, self._world.clock, self._world.ids)

    @cached_property
    def team_roles(self) -> TeamRoles:
        from bbws_access.services.team_roles import TeamRoles

        return TeamRoles(self._world.table, self.trail, self._world.clock, self._world.ids)

    @cached_property
    def members(self) -> Members:
        from bbws_access.services.members import Members

        return Members(self._world.table, self.trail, self.teams, self.team_roles)

    @cached_property
    def users(self) -> Users:
        from bbws_access.services.accounts import Accounts
        from bbws_access.services.users import Users

        world = self._world
        accounts = Accounts(world.table, world.clock, world.ids, world.directory)
        return Users(world.table, self.trail, world.clock, world.ids, accounts)

    @cached_property
    def effective_access(self) -> EffectiveAccessQuestions:
        from bbws_access.services.effective_access import EffectiveAccessQuestions

        return EffectiveAccessQuestions(self._world.table, self._world.clock)

    @cached_property
    def access_expectations(self) -> AccessExpectations:
        from bbws_access.services.access_expectations import AccessExpectations

        return AccessExpectations(self._world.table, self._world.clock, self.users, self.teams)

    @cached_property
    def access_reviews(self) -> AccessReviews:
        from bbws_access.services.access_review import AccessReviews

        return AccessReviews(self._world.table, self.trail, self._world.clock, self.audit)

    @cached_property
    def past_access(self) -> PastAccessQuestions:
        from bbws_access.services.past_access import PastAccessQuestions

        return PastAccessQuestions(self._world.table, self._world.clock, self.audit)

    @cached_property
    def audit(self) -> Audit:
        from bbws_access.services.audit import Audit

        world = self._world
        return Audit(world.table, self.trail, world.clock, world.ids, world.audit_storage)

    @cached_property
    def audit_reports(self) -> AuditReports:
        from bbws_access.services.audit_report import AuditReports

        return AuditReports(self._world.table, self.trail, self._world.clock, self.audit)

    @cached_property
    def archive(self) -> Archive:
        from bbws_access.services.archive import Archive

        world = self._world
        return Archive(world.table, self.trail, world.clock, world.audit_storage)

    @cached_property
    def archive_restore(self) -> ArchiveRestore:
        from bbws_access.services.archive_restore import ArchiveRestore

        world = self._world
        return ArchiveRestore(world.table, self.trail, world.clock, world.audit_storage)

    @cached_property
    def archive_recovery(self) -> ArchiveRecovery:
        from bbws_access.services.archive_recovery import ArchiveRecovery

        world = self._world
        return ArchiveRecovery(world.table, self.trail, world.clock, world.audit_storage)

    @cached_property
    def audit_verify(self) -> AuditVerify:
        from bbws_access.services.audit_verify import AuditVerify

        return AuditVerify(self._world.table, self._world.clock, self._world.audit_storage)

    @cached_property
    def audit_evidence(self) -> AuditEvidence:
        from bbws_access.services.audit_evidence import AuditEvidence

        return AuditEvidence(self._world.table, self.trail, self._world.clock, self._world.audit_storage)

    @cached_property
    def invitations(self) -> Invitations:
        from bbws_access.services.invitations import Invitations
        from bbws_access.services.limits import Limits

        world = self._world
        return Invitations(
            world.table,
            self.trail,
            world.clock,
            world.ids,
            world.mailer,
            world.link_to,
            self.organisations,
            self.roles,
            self.teams,
            Limits(world.table, world.clock),
        )

    @cached_property
    def accept_invitation(self) -> AcceptInvitation:
        from bbws_access.services.acceptance import AcceptInvitation

        world = self._world
        return AcceptInvitation(
            world.table,
            self.trail,
            world.clock,
            world.ids,
            world.directory,
            self.invitations,
            self.roles,
            self.teams,
        )

    @cached_property
    def standings(self) -> Standings:
        from bbws_access.services.declared.standing import Standings

        return Standings(self._world.table)

    @cached_property
    def declared_state(self) -> Applying:
        from bbws_access.services.declared.apply import Applying

        return Applying(self.standings, self._taker_of)

    def _taker_of(self, plan: Plan) -> tuple[StepTaker, BoundTrail]:
        """Services of its own, whose events name the plan's file."""
        from bbws_access.services.bound_trail import BoundTrail
        from bbws_access.services.declared.apply import StepTaker

        cause = {"declaredBy": {"file": PurePath(plan.file).name, "sha256": plan.digest, "plan": plan.id}}
        trail = BoundTrail(self.trail, cause, plan.sequence)
        bound = Services(self._world)
        bound.trail = trail
        taker = StepTaker(
            plan.org_id,
            self._world.table,
            bound.roles,
            bound.role_assignments,
            bound.teams,
            bound.team_roles,
            bound.members,
        )
        return taker, trail

    @cached_property
    def import_rows(self) -> ImportRows:
        from bbws_access.services.import_rows import ImportRows

        return ImportRows(self._world.table, self._world.clock, self.organisations, self.teams)

    def user_import(self, about: Mapping[str, str]) -> UserImport:
        """An import whose events say what it is ``about``."""
        from bbws_access.services.bound_trail import BoundTrail
        from bbws_access.services.user_import import UserImport

        bound = Services(self._world)
        bound.trail = BoundTrail(self.trail, {"import": dict(about)})
        return UserImport(
            bound.import_rows,
            bound.trail,
            bound.organisations,
            bound.invitations,
            bound.role_assignments,
            bound.teams,
            bound.members,
        )

    @cached_property
    def offboarding(self) -> Offboarding:
        from bbws_access.services.offboarding import Offboarding

        return Offboarding(
            self._world.table,
            self.trail,
            self._world.clock,
            self.organisations,
            self.users,
            self.teams,
            self.members,
            self.role_assignments,
        )

    @cached_property
    def undo(self) -> Undo:
        from bbws_access.services.undo import Undo

        return Undo(self._world.table, self.audit, self.trail, self._doers)

    def _doers(self, trail: BoundTrail) -> Doers:
        """Services of its own, whose events name what they undo."""
        from bbws_access.services.inverses import Doers

        bound = Services(self._world)
        bound.trail = trail
        return Doers(
            bound.organisations,
            bound.permission_sets,
            bound.roles,
            bound.role_assignments,
            bound.teams,
            bound.team_roles,
            bound.members,
            bound.users,
            bound.invitations,
        )
