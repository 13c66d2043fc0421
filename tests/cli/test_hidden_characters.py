"""Names with marks that hide or turn text: refused in one line, and shown safely where they are there already."""

from __future__ import annotations

from bbws_access.models.declared import DeclaredTeam
from bbws_access.models.organisation import Organisation
from bbws_access.models.plain_text import ONE_LINE
from bbws_access.store.codec import encode
from tests.cli.conftest import Run
from tests.conftest import Platform


def test_at_the_command_line_it_is_one_line(bbws: Run, acme: str) -> None:
    done = bbws("teams", "create", "Web\u202egnp", "--org", acme)
    assert (done.code, done.err) == (2, f"error: name: {ONE_LINE.words}\n")


def test_what_is_there_already_is_read_shown_safely_and_can_be_renamed(
    bbws: Run, platform: Platform, acme: str
) -> None:
    team_id = bbws("teams", "create", "Old", "--org", acme, "-o", "json").json["teamId"]
    (team,) = [i for i in platform.items() if i.get("teamId") == team_id and str(i["SK"]).startswith("TEAM#")]
    platform.client.put_item(TableName=platform.table.name, Item=encode({**team, "name": "Old\x1b[2J\u202eteam"}))
    (org,) = [i for i in platform.items() if i.get("organisationId") == acme and i["SK"] == "METADATA"]
    assert Organisation.from_item({**org, "name": "A\nb\u202ec"}).name == "A\nb\u202ec"
    shown = bbws("teams", "list", "--org", acme)
    assert (shown.code, "Old�[2J�team" in shown.out) == (0, True)
    assert bbws("teams", "update", team_id, "--name", "New", "--org", acme).code == 0
    assert DeclaredTeam(name="New", renamed_from="Old\x1b[2J\u202eteam").renamed_from is not None
