"""Names with marks that hide or turn text: refused in one line, and shown safely where they are there already."""

from __future__ import annotations

from bbws_access import keys
from bbws_access.models.declared import DeclaredTeam
from bbws_access.models.organisation import Organisation
from bbws_access.models.plain_text import ONE_LINE
from bbws_access.services.uniqueness import Named, fold_name
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
    (team,) = [i for i in platform.items() if (i["PK"], i["SK"]) == (f"ORG#{acme}", f"TEAM#{team_id}")]
    evil = "Old\x1b[2J\u202eteam"
    guard = keys.unique_name_key(acme, Named.TEAM, fold_name(evil))
    for item in ({**team, "name": evil}, {**guard, "holder": team_id}):
        platform.client.put_item(TableName=platform.table.name, Item=encode(item))
    (org,) = [i for i in platform.items() if (i["PK"], i["SK"]) == (f"ORG#{acme}", "METADATA")]
    assert Organisation.from_item({**org, "name": "A\nb\u202ec"}).name == "A\nb\u202ec"
    shown = bbws("teams", "list", "--org", acme)
    assert (shown.code, "Old�[2J�team" in shown.out) == (0, True)
    assert bbws("teams", "update", team_id, "--name", "New", "--org", acme).code == 0
    assert DeclaredTeam(name="New", renamed_from=evil).renamed_from is not None
