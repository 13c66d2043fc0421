"""Whatever is wrong with a file is said in one line, with file, line and cause, before anything is done."""

from __future__ import annotations

import pytest

from bbws_access.errors import ExitCode, InvalidInput
from tests.declared.place import Place

THERE = """
teamRoles:
- {name: GUEST, displayName: Guest, capabilities: [CAN_VIEW_SITES]}
roles:
- {name: PUBLISHER, displayName: Publisher, scope: TEAM, permissions: [site:publish]}
teams:
- name: Web
  members:
  - {user: u0@example.com, teamRole: TEAM_LEAD}
  - {user: u1@example.com, teamRole: GUEST}
assignments:
- {user: u1@example.com, roles: [PUBLISHER]}
"""
"""What the organisation has when a broken file comes."""

BOMB = "roles: &a [x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
ROLE = "displayName: Some role\n  permissions: [site:read]\n"

BROKEN = {
    "a YAML bomb": (BOMB, 1, "has an anchor, &a; write it out where it is needed"),
    "an alias": ("teams: []\nroles: *x\n", 2, "uses an alias, *x; write it out"),
    "a tab": ("teams:\n-\tname: Shop\n", 2, "has a tab; indent with spaces"),
    "a tag": ("teams: !!set {}\n", 1, "has a tag, tag:yaml.org,2002:set; values have none here"),
    "a merge": ("teams:\n- <<: {name: A}\n", 2, "has a merge key, <<; write it out"),
    "two documents": ("teams: []\n---\nroles: []\n", 2, "has a second document; one file says one thing"),
    "a section twice": ("teams: []\nroles: []\nteams: []\n", 3, "has teams a second time; the first is in line 1"),
    "no YAML": ("teams: [\n", 2, "is not YAML: did not find expected node content"),
    "nothing": ("# to be done\n", 1, "is empty"),
    "a list": ("- teams\n", 1, "the file is not a mapping"),
    "not UTF-8": (b"teams:\n- name: \xe9t\xe9\n", 2, "is not UTF-8"),
    "a control character": ("teams:\n- name: \x1b[2J\n", 2, "has the character U+001B"),
    "an unknown section": ("teams: []\npeople: []\n", 2, "people: there is no such field"),
    "a wrong type": ("teams: Web\n", 1, "teams: is not a list"),
    "a number for a name": ("teams:\n- name: 12\n", 2, "name: is not text"),
    "a word for a number": (
        f"roles:\n- name: A_ROLE\n  priority: high\n  {ROLE}",
        3,
        "priority: is not a whole number",
    ),
    "a field that is missing": ("roles:\n- name: A_ROLE\n  permissions: [site:read]\n", 2, "displayName: is missing"),
    "a field that is misspelt": (
        f"roles:\n- name: A_ROLE\n  scoop: TEAM\n  {ROLE}",
        3,
        "scoop: there is no such field",
    ),
    "a name that is no role's": (f"roles:\n- name: a role\n  {ROLE}", 2, "name: is not 2 to 50 capital letters"),
    "an unknown permission": (
        "roles:\n- name: A_ROLE\n  displayName: A role\n  permissions:\n  - site:fly\n",
        4,
        "there is no permission site:fly",
    ),
    "an unknown capability": (
        "teamRoles:\n- name: A_ROLE\n  displayName: A\n  capabilities:\n  - CAN_FLY\n",
        3,
        "displayName: has fewer than 2 characters",
    ),
    "a platform's scope": (
        f"roles:\n- name: A_ROLE\n  scope: PLATFORM\n  {ROLE}",
        3,
        "is ORGANISATION or TEAM for a role",
    ),
    "another scope": (
        "roles:\n- name: PUBLISHER\n  displayName: P P\n  scope: ORGANISATION\n  permissions: [site:read]\n",
        4,
        "role PUBLISHER has scope TEAM and keeps it",
    ),
    "an unknown role": ("assignments:\n- user: u0@example.com\n  roles:\n  - NOBODY\n", 4, "there is no role NOBODY"),
    "an unknown team role": (
        "teams:\n- name: Shop\n  members:\n  - {user: u0@example.com, teamRole: BOSS}\n",
        4,
        "there is no team role BOSS",
    ),
    "an unknown user": (
        "assignments:\n- user: who@example.com\n  roles: []\n",
        2,
        "who@example.com is no member of Acme; invite them first",
    ),
    "a user who is deactivated": (
        "assignments:\n- user: u7@example.com\n  roles: []\n",
        2,
        "u7@example.com is deactivated",
    ),
    "a role twice": (f"roles:\n- name: A_ROLE\n  {ROLE}- name: A_ROLE\n  {ROLE}", 5, "role A_ROLE is declared twice"),
    "a team twice": ("teams:\n- name: Café\n- name: CAFÉ\n", 3, "team CAFÉ is declared twice"),
    "a member twice": (
        "teams:\n- name: Web\n  members:\n  - {user: u0@example.com, teamRole: VIEWER}\n"
        "  - {user: U0@example.com, teamRole: TEAM_LEAD}\n",
        5,
        "u0@example.com is in team Web twice",
    ),
    "a user twice": (
        "assignments:\n- {user: u0@example.com, roles: []}\n- {user: u0@example.com, roles: []}\n",
        3,
        "user u0@example.com is declared twice",
    ),
    "a role given twice": (
        "assignments:\n- user: u0@example.com\n  roles: [ORG_ADMIN, ORG_ADMIN]\n",
        3,
        "role ORG_ADMIN is given to u0@example.com twice",
    ),
    "a circle of renames": (
        "teams:\n- name: A1\n  renamedFrom: C1\n- name: B1\n  renamedFrom: A1\n- name: C1\n  renamedFrom: B1\n",
        3,
        "these renames go in a circle: a1 → c1 → b1 → a1 (and 2 more)",
    ),
    "a rename to itself": ("teams:\n- name: Web\n  renamedFrom: web\n", 3, "Web is its own earlier name"),
    "a rename from what is declared": (
        "teams:\n- name: Shop\n  renamedFrom: Web\n- name: Web\n",
        3,
        "Web is declared too; rename one after the other",
    ),
    "two of one name": (
        "teams:\n- {name: A1, renamedFrom: Web}\n- {name: B1, renamedFrom: Web}\n",
        3,
        "Web is the earlier name of two",
    ),
    "a rename of what is held": (
        f"roles:\n- name: WRITER\n  renamedFrom: PUBLISHER\n  scope: TEAM\n  {ROLE}",
        2,
        "role PUBLISHER is held by 1 user and keeps its name",
    ),
    "a rename of a default": (
        f"roles:\n- name: BOSS\n  renamedFrom: ORG_ADMIN\n  {ROLE}",
        2,
        "ORG_ADMIN is a default role and keeps its name",
    ),
    "a team role that begins to lead": (
        "teamRoles:\n- name: GUEST\n  displayName: Guest\n  capabilities: [CAN_MANAGE_MEMBERS]\n",
        4,
        "team role GUEST has 1 members, and cannot begin or cease to lead",
    ),
    "a team without a lead": (
        "teams:\n- name: Web\n  members:\n  - {user: u0@example.com, teamRole: VIEWER}\n",
        3,
        "team Web would be left without a lead",
    ),
    "another organisation's": ("teams: []\norganisation: Globex\n", 2, "this is about Globex, not about Acme"),
    "a role that is pruned and held": (
        "roles: []\n",
        1,
        "role PUBLISHER is not declared, and 1 users would still have it",
    ),
}


@pytest.fixture(scope="module")
def place() -> Place:
    made = Place(people=2)
    made.join(7, active=False)
    made.apply(THERE)
    return made


@pytest.mark.parametrize("what", BROKEN)
def test_one_line_names_file_line_and_cause(place: Place, what: str) -> None:
    content, line, cause = BROKEN[what]
    before = place.table.state()
    with pytest.raises(InvalidInput) as caught:
        place.plan(content, prune="pruned" in what)
    message = caught.value.message
    assert message.startswith(f"acme.yaml:{line}: {cause}")
    assert (caught.value.exit_code, message.count("\n"), len(message) < 250) == (ExitCode.USAGE, 0, True)
    assert place.table.state() == before


def test_there_are_more_than_thirty() -> None:
    assert len(BROKEN) > 30


def test_what_is_there_is_valid(place: Place) -> None:
    assert place.plan(THERE, prune=True).steps == []
