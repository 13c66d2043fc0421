"""Thousands of people at once: all or none checked, each once, cheaply."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bbws_access import keys
from bbws_access.access.actor import ActorKind
from bbws_access.bootstrap import Services
from bbws_access.errors import AccessError, Conflict, Denied
from bbws_access.import_check import Checked, check, good_rows
from bbws_access.import_file import ImportFile
from bbws_access.import_report import ImportReport
from bbws_access.models.kinds import EmailStatus
from bbws_access.models.organisation import OrganisationChanges
from bbws_access.services.import_rows import Need
from bbws_access.services.user_import import Done
from tests.bulk.crowd import CountingTable, Crowd, ForgetfulTable, Killed, csv_of
from tests.declared.place import WHO, address

pytestmark = pytest.mark.slow


def checked(crowd: Crowd, file: ImportFile, services: Services | None = None) -> Checked:
    rows = (services or crowd.services).import_rows
    return check(file, rows, rows.names(WHO, crowd.org_id), lambda _: False, lambda: None)


def written(crowd: Crowd, file: ImportFile, services: Services | None = None, **more: Any) -> Iterator[Done]:
    found = services or crowd.services
    names = found.import_rows.names(WHO, crowd.org_id)
    return found.user_import({"file": "x"}).write(WHO, names, good_rows(file, lambda _: False), **more)


def over(crowd: Crowd, table: Any) -> Services:
    return Services(replace(crowd.memory.world, table=table))


def test_people_are_invited_and_members_get_what_they_lack(tmp_path: Path) -> None:
    crowd = Crowd(people=3)
    viewer = crowd.services.roles.find(WHO, crowd.org_id, "SITE_VIEWER").role_id
    crowd.services.roles.assign(WHO, crowd.org_id, "id-2", viewer)
    path = tmp_path / "p.csv"
    path.write_text(
        "role,email,team\nSITE_VIEWER,New@Example.com,Web\nSITE_EDITOR,u0@example.com,\nSITE_EDITOR,u1@example.com,web\n"
        f"{viewer},u2@example.com,\n"
    )
    file = ImportFile(path)
    assert checked(crowd, file).needs == {Need.INVITE: 1, Need.ASSIGN: 2, Need.NOTHING: 1}
    done = list(written(crowd, file))
    assert [(one.numbered.line, one.outcome) for one in done] == [
        (2, "invited"), (3, "assigned"), (4, "assigned"), (5, "already so"),
    ]  # fmt: skip
    (invitation,) = crowd.invitations()
    assert (invitation["email"], invitation["roleName"], invitation["teamName"]) == (
        "new@example.com",
        "SITE_VIEWER",
        "Web",
    )
    assert crowd.mails == ["new@example.com"]
    crowd.require_exact_counts()
    events = [one for one in crowd.events() if "import" in one["details"]]
    assert [one["action"] for one in events] == ["invitation.create", "role.assign", "role.assign", "team.member.add"]
    before = crowd.table.state()
    assert {one.outcome for one in written(crowd, file)} == {"already so"}
    assert crowd.table.state() == before


def test_a_row_takes_less_than_three_requests_to_the_table(tmp_path: Path) -> None:
    crowd = Crowd(people=1_000)
    lines = [f"{address(n)},SITE_EDITOR,Web" for n in range(1_000)]
    invited = csv_of(tmp_path, 1_000)
    assigned = tmp_path / "members.csv"
    assigned.write_text("email,role,team\n" + "\n".join(lines) + "\n")
    for path, outcome in ((invited, "invited"), (assigned, "assigned")):
        table = CountingTable(crowd.table)
        services = over(crowd, table)
        file = ImportFile(path)
        assert checked(crowd, file, services).bad == 0
        assert Counter(one.outcome for one in written(crowd, file, services)) == {outcome: 1_000}
        assert table.requests / 1_000 < 1.5
    crowd.require_exact_counts()


@pytest.mark.heavy
def test_memory_grows_by_no_more_than_the_addresses_that_were_seen(tmp_path: Path) -> None:
    """Two rows of one address are found wherever they stand, for which a trace of each is kept: 10,000 take 2 MB."""
    peaks = []
    for count in (50, 500, 2_500):  # the first brings in what is imported when it is needed
        crowd = Crowd()
        file = ImportFile(csv_of(tmp_path, count, name=f"{count}.csv"))
        services = over(crowd, ForgetfulTable(crowd.table))
        quiet: Any = services._world
        services._world = replace(quiet, mailer=_Nowhere(), ids=_ids())
        tracemalloc.start()
        assert checked(crowd, file, services).needs[Need.INVITE] == count
        with ImportReport(tmp_path / f"{count}.report", {"file": "x"}, resume=False) as report:
            for done in written(crowd, file, services):
                report.add(done.numbered.line, done.numbered.row.email, done.outcome)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[2] - peaks[1]) / 2_000 < 200  # bytes a row


class _Nowhere:
    def send(self, mail: Any) -> None:
        del mail


def _ids() -> Any:
    from bbws_access.ids import RandomIds

    return RandomIds()


@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_and_resumed_there_is_no_duplicate_and_no_gap(tmp_path: Path, seed: int) -> None:
    chance, crowd = random.Random(seed), Crowd()
    count = 400
    file, report_at, runs = ImportFile(csv_of(tmp_path, count)), tmp_path / "report", 0
    while True:
        table = CountingTable(crowd.table)
        if runs < 6:
            setattr(table, chance.choice(["dies_before", "dies_after"]), chance.randint(10, 200))
        runs += 1
        services = over(crowd, table)
        try:
            with ImportReport(report_at, {"file": "x"}, resume=runs > 1) as report:
                names = services.import_rows.names(WHO, crowd.org_id)
                for done in services.user_import({}).write(WHO, names, good_rows(file, report.has)):
                    if chance.random() < 0.01 and runs < 6:
                        raise Killed  # before it was noted
                    report.add(done.numbered.line, done.numbered.row.email, done.outcome)
            break
        except Killed:
            with report_at.open("ab") as half:
                half.write(b'{"line":9')
    assert runs > 4
    invitations = crowd.invitations()
    assert sorted(one["email"] for one in invitations) == sorted(f"p{n}@example.com" for n in range(count))
    assert {one["emailStatus"] for one in invitations} == {EmailStatus.SENT}
    mails = Counter(crowd.mails)
    assert len(mails) == count
    # Whose email was on its way when it was killed gets another, whose link is the one that works.
    assert sum(mails.values()) - count <= runs
    events = Counter(one["action"] for one in crowd.events())
    assert events["invitation.create"] == count


@pytest.mark.heavy
def test_ten_thousand_rows_killed_and_resumed(tmp_path: Path) -> None:
    crowd, count = Crowd(), 10_000
    file, report_at = ImportFile(csv_of(tmp_path, count)), tmp_path / "report"
    table = CountingTable(crowd.table)
    services = over(crowd, table)
    for resume, dies_after in ((False, 6_000), (True, None)):
        table.dies_after = dies_after
        try:
            assert checked(crowd, file, services).bad == 0
            with ImportReport(report_at, {"file": "x"}, resume=resume) as report:
                names = services.import_rows.names(WHO, crowd.org_id)
                for done in services.user_import({}).write(WHO, names, good_rows(file, report.has)):
                    report.add(done.numbered.line, done.numbered.row.email, done.outcome)
                    crowd.table._journal.transactions.clear()
        except Killed:
            assert 3_000 < len(crowd.invitations()) < 8_000
    assert len({one["email"] for one in crowd.invitations()}) == len(crowd.invitations()) == count
    assert len(set(crowd.mails)) == count
    assert len(crowd.mails) <= count + 1
    assert table.requests / count < 3


def test_who_was_invited_by_another_meanwhile_fails_alone(tmp_path: Path) -> None:
    crowd = Crowd()
    file = ImportFile(csv_of(tmp_path, 10))
    names = crowd.services.import_rows.names(WHO, crowd.org_id)
    rows = list(good_rows(file, lambda _: False))
    work = crowd.services.user_import({})
    judge = work._rows.judge_chunk

    def judged_then_overtaken(*given: Any) -> Any:
        found = judge(*given)
        crowd.services.invitations.create(WHO, crowd.org_id, _invitation(crowd, "p4@example.com"))
        return found

    work._rows.judge_chunk = judged_then_overtaken  # type: ignore[method-assign]
    done = list(work.write(WHO, names, rows))
    assert Counter(one.outcome for one in done) == {"invited": 9, "failed": 1}
    (failed,) = [one for one in done if one.cause]
    assert (failed.numbered.row.email, failed.cause) == (
        "p4@example.com",
        "p4@example.com has a pending invitation already",
    )


def _invitation(crowd: Crowd, email: str) -> Any:
    from bbws_access.models.invitation import NewInvitation

    role = crowd.services.roles.find(WHO, crowd.org_id, "ORG_ADMIN")
    return NewInvitation(email=email, role_id=role.role_id)


def test_an_email_that_failed_is_sent_by_the_next_run(tmp_path: Path) -> None:
    crowd = Crowd()
    mailer: Any = crowd.memory.world.mailer
    file = ImportFile(csv_of(tmp_path, 5))
    mailer.broken = True
    first = list(written(crowd, file))
    assert {one.outcome for one in first} == {"failed"}
    assert "its email could not be sent: the mail service is down" in first[0].cause
    mailer.broken = False
    assert {one.outcome for one in written(crowd, file)} == {"sent again"}
    assert len(crowd.mails) == len(crowd.invitations()) == 5


def test_an_invitation_that_ran_out_makes_room(tmp_path: Path) -> None:
    crowd = Crowd()
    file = ImportFile(csv_of(tmp_path, 3))
    list(written(crowd, file))
    clock: Any = crowd.memory.world.clock
    clock.advance(days=8)
    assert {one.outcome for one in written(crowd, file)} == {"invited"}
    assert Counter(one["status"] for one in crowd.invitations()) == {"PENDING": 3, "EXPIRED": 3}


def test_nobody_comes_into_an_organisation_that_is_deactivated_meanwhile(tmp_path: Path) -> None:
    """Whichever request to the table comes before the deactivation: the next write is none of a row's."""
    path = tmp_path / "p.csv"
    members = "".join(f"{address(n)},SITE_EDITOR,Web\n" for n in range(30))
    path.write_text(f"email,role,team\n{members}" + "".join(f"p{n}@example.com,SITE_EDITOR,Web\n" for n in range(90)))
    for request in (1, 2, 3, 5, 8, 13, 40):
        crowd = Crowd(people=30)

        def deactivate(crowd: Crowd = crowd) -> None:
            crowd.services.organisations.update(WHO, crowd.org_id, OrganisationChanges(active=False))

        table = CountingTable(crowd.table)
        work, names = over(crowd, table).user_import({}), crowd.services.import_rows.names(WHO, crowd.org_id)
        table.then[request] = deactivate
        done: list[Done] = []
        with pytest.raises(Conflict, match="organisation Acme is deactivated"):
            done.extend(work.write(WHO, names, good_rows(ImportFile(path), lambda _: False)))
        assert {one.outcome for one in done} <= {"assigned", "invited"}
        actions = [one["action"] for one in crowd.events()]
        assert actions[-1] == "organisation.update"
        assert len(crowd.invitations()) == len(crowd.mails), "who is recorded as invited is told, and nobody else"
        crowd.require_exact_counts()
        crowd.services.organisations.update(WHO, crowd.org_id, OrganisationChanges(active=True))
        rest = Counter(one.outcome for one in work.write(WHO, names, good_rows(ImportFile(path), lambda _: False)))
        assert rest["failed"] == 0
        assert len(crowd.invitations()) == 90


def test_emails_go_out_at_the_pace_and_nothing_else_waits(tmp_path: Path) -> None:
    crowd, paced = Crowd(people=4), []
    path = tmp_path / "p.csv"
    members = "".join(f"{address(n)},SITE_EDITOR\n" for n in range(4))
    path.write_text(f"email,role\n{members}a@example.com,SITE_EDITOR\nb@example.com,SITE_EDITOR\n")
    list(written(crowd, ImportFile(path), pace=lambda: paced.append(len(crowd.mails))))
    assert paced == [0, 1]


def test_it_is_for_operators(tmp_path: Path) -> None:
    crowd = Crowd()
    with pytest.raises(Denied, match="for operators"):
        crowd.services.import_rows.names(replace(WHO, kind=ActorKind.USER), crowd.org_id)


def test_the_boundary_holds_row_by_row(tmp_path: Path) -> None:
    crowd = Crowd()
    file = ImportFile(csv_of(tmp_path, 3))
    narrow = replace(WHO, platform_permissions=frozenset("invitation:* role:* team:* user:* site:*".split()))
    rows = crowd.services.import_rows
    found = check(file, rows, rows.names(narrow, crowd.org_id), lambda _: False, lambda: None)
    assert [(one.line, one.cause) for one in found.problems] == [(4, "you cannot grant what you do not hold: org:read")]
    item = crowd.table.get(keys.pending_invitation_key(crowd.org_id, "p0@example.com"))
    assert item is None
    with pytest.raises(AccessError):
        rows.names(WHO, "org-none")
