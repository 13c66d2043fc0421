"""For each command of the platform's people and rights: a command line that works, and what names its things.

``named`` are words that name something: put another word in its place, and the command is about something else.
"""

from __future__ import annotations

from dataclasses import dataclass

NOUNS = (
    "orgs",
    "users",
    "invitations",
    "permissions",
    "permission-sets",
    "roles",
    "teams",
    "team-roles",
    "access",
    "undo",
    "plan",
    "apply",
    "export",
)

USER, SHARED = "thandi@example.com", "Thandi Nkosi"
SHARED_SET, SHARED_INVITATION = "Viewer", "often@example.com"


@dataclass(frozen=True)
class Sample:
    """``ambiguous`` is a name of several, for the first thing that is named."""

    words: tuple[str, ...]
    named: tuple[str, ...] = ()
    ambiguous: str | None = None


def sample(line: str, *named: str, ambiguous: str | None = None) -> Sample:
    return Sample(tuple(word.replace("+", " ") for word in line.split()), named, ambiguous)


SAMPLES = {
    "orgs list": sample(""),
    "orgs show": sample("Acme", "Acme"),
    "orgs create": sample("Initech"),
    "orgs update": sample("Acme --name Acme+Ltd", "Acme"),
    "orgs deactivate": sample("Acme --yes", "Acme"),
    "orgs reactivate": sample("Acme", "Acme"),
    "users list": sample(""),
    "users show": sample(USER, USER, ambiguous=SHARED),
    "users invite": sample("x@example.com --role SITE_VIEWER --team Web", "SITE_VIEWER", "Web"),
    "users update": sample(f"{USER} --last-name Dlamini", USER, ambiguous=SHARED),
    "users deactivate": sample(f"{USER} --yes", USER, ambiguous=SHARED),
    "users reactivate": sample(USER, USER, ambiguous=SHARED),
    "users export": sample("PEOPLE.jsonl --overwrite"),
    "users import": sample("tests/cli/files/people.csv --report REPORT --yes"),
    "users offboard": sample(f"{USER} --hand-over-to ada@example.com --yes", USER, "ada@example.com", ambiguous=SHARED),
    "users roles": sample(USER, USER, ambiguous=SHARED),
    "users teams": sample(USER, USER, ambiguous=SHARED),
    "invitations list": sample(""),
    "invitations show": sample("new@example.com", "new@example.com", ambiguous=SHARED_INVITATION),
    "invitations resend": sample("new@example.com", "new@example.com", ambiguous=SHARED_INVITATION),
    "invitations revoke": sample("new@example.com --yes", "new@example.com", ambiguous=SHARED_INVITATION),
    "invitations accept": sample("TOKEN --first-name Nia --last-name Botha", "TOKEN"),
    "invitations decline": sample("TOKEN", "TOKEN"),
    "permissions list": sample(""),
    "permissions show": sample("site:read", "site:read"),
    "permission-sets list": sample(""),
    "permission-sets show": sample("Own+set", "Own set", ambiguous=SHARED_SET),
    "permission-sets create": sample("Publisher --description Publishes+sites. --permission site:publish"),
    "permission-sets update": sample("Own+set --permission site:update", "Own set", ambiguous=SHARED_SET),
    "permission-sets deactivate": sample("Own+set --yes", "Own set", ambiguous=SHARED_SET),
    "permission-sets reactivate": sample("Own+set", "Own set", ambiguous=SHARED_SET),
    "roles list": sample(""),
    "roles show": sample("SITE_VIEWER", "SITE_VIEWER"),
    "roles create": sample("PUBLISHER --permission site:publish"),
    "roles update": sample("SITE_ADMIN --description Runs+sites", "SITE_ADMIN"),
    "roles set-permissions": sample("SITE_VIEWER --add site:backup", "SITE_VIEWER"),
    "roles deactivate": sample("SITE_ADMIN --yes", "SITE_ADMIN"),
    "roles reactivate": sample("SITE_ADMIN", "SITE_ADMIN"),
    "roles diff": sample("SITE_VIEWER SITE_ADMIN", "SITE_VIEWER", "SITE_ADMIN"),
    "roles assign": sample(f"SITE_ADMIN {USER}", USER, "SITE_ADMIN", ambiguous=SHARED),
    "roles revoke": sample(f"SITE_VIEWER {USER} --yes", USER, "SITE_VIEWER", ambiguous=SHARED),
    "roles members": sample("SITE_VIEWER", "SITE_VIEWER"),
    "teams list": sample(""),
    "teams show": sample("Web", "Web"),
    "teams create": sample("Ops"),
    "teams update": sample("Web --name Webshop", "Web"),
    "teams deactivate": sample("Web --yes", "Web"),
    "teams reactivate": sample("Web", "Web"),
    "teams members list": sample("Web", "Web"),
    "teams members show": sample(f"Web {USER}", USER, "Web", ambiguous=SHARED),
    "teams members add": sample(f"Shop {USER}", USER, "Shop", ambiguous=SHARED),
    "teams members update": sample(f"Web {USER} --role VIEWER", USER, "Web", "VIEWER", ambiguous=SHARED),
    "teams members remove": sample(f"Web {USER} --yes", USER, "Web", ambiguous=SHARED),
    "teams members transfer": sample(f"Web {USER} --to Shop", USER, "Web", "Shop", ambiguous=SHARED),
    "team-roles list": sample(""),
    "team-roles show": sample("TEAM_LEAD", "TEAM_LEAD"),
    "team-roles create": sample("GUEST --capability CAN_VIEW_SITES"),
    "team-roles update": sample("MEMBER --description Plain", "MEMBER"),
    "team-roles deactivate": sample("VIEWER --yes", "VIEWER"),
    "team-roles reactivate": sample("VIEWER", "VIEWER"),
    "access show": sample(USER, USER, ambiguous=SHARED),
    "access can": sample(f"{USER} site:read --team Web", USER, "Web", ambiguous=SHARED),
    "access explain": sample(f"{USER} GET /v1/platform/permissions", USER, ambiguous=SHARED),
    "access who": sample("site:read"),
    "access impact role": sample("SITE_VIEWER --add site:backup", "SITE_VIEWER"),
    "access impact team-role": sample("MEMBER --add CAN_MANAGE_MEMBERS", "MEMBER"),
    "access review": sample(""),
    "access test": sample("tests/cli/files/access.yaml"),
    "access at": sample(f"{USER} --time 2026-03-01T09:30:00Z", USER, ambiguous=SHARED),
    "access diff": sample(f"{USER} {USER}", USER, ambiguous=SHARED),
    "undo": sample("EVENT --yes", "EVENT"),
    "plan": sample("-f tests/cli/files/acme.yaml"),
    "apply": sample("-f tests/cli/files/acme.yaml --yes"),
    "export": sample(""),
}
