"""The four environments, as the platform's design has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bbws_access.errors import InvalidInput
from bbws_access.provisioning import settings
from bbws_access.provisioning.settings import EnvironmentSettings, load, names, with_account

DESIGN = {
    #        region       protect replica        concurrency rate  burst  lock        time-driven
    "local": ("eu-west-1", False, (), False, 100, 50, "GOVERNANCE", False),
    "dev": ("eu-west-1", False, (), False, 100, 50, "GOVERNANCE", True),
    "sit": ("eu-west-1", True, (), False, 500, 200, "GOVERNANCE", True),
    "prod": ("af-south-1", True, ("eu-west-1",), True, 1000, 500, "COMPLIANCE", True),
}


def test_the_environments() -> None:
    assert names() == sorted(DESIGN)


@pytest.mark.parametrize("env", sorted(DESIGN))
def test_an_environment_is_as_designed(env: str) -> None:
    found = load(env)
    assert (
        found.region,
        found.deletion_protection,
        found.replica_regions,
        found.authorizer_concurrency > 0,
        found.throttle_rate,
        found.throttle_burst,
        found.audit_lock_mode,
        found.time_driven,
    ) == DESIGN[env]
    assert found.point_in_time_recovery
    assert (found.log_retention_days, found.audit_log_retention_days) == (30, 90)


@pytest.mark.parametrize("env", ["", "staging", "../local", "LOCAL", "local/", "\x00", "é"])
def test_an_unknown_environment_names_the_known_ones(env: str) -> None:
    with pytest.raises(InvalidInput, match="dev, local, prod, sit"):
        load(env)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"account_id": "12"}, "account_id"),
        ({"throttle_rate": "100"}, "throttle_rate"),
        ({"throttle_rate": 0}, "throttle_rate"),
        ({"lambda_concurrency_limit": 9}, "lambda_concurrency_limit"),
        ({"surprise": 1}, "surprise"),
        ({"mail_from": "nobody"}, "mail_from"),
        ({"environment": "prod"}, "describes environment 'prod'"),
    ],
)
def test_a_file_that_does_not_fit_says_where(
    change: dict[str, object], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load("dev").model_dump(mode="json") | change
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.tfvars.json").write_text(json.dumps(data))
    monkeypatch.setattr(settings, "terraform_root", lambda: tmp_path)
    with pytest.raises(InvalidInput, match=named):
        load.__wrapped__("dev")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "\x00", "é" * 1000])
def test_a_file_that_is_no_settings(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.tfvars.json").write_text(text)
    monkeypatch.setattr(settings, "terraform_root", lambda: tmp_path)
    with pytest.raises(InvalidInput, match=r"dev\.tfvars\.json"):
        load.__wrapped__("dev")


def test_terraform_declares_every_setting() -> None:
    declared = (settings.terraform_root() / "variables.tf").read_text()
    for name in EnvironmentSettings.model_fields:
        assert f'variable "{name}"' in declared


@pytest.mark.parametrize("text", [None, "", "  ", "sit=111122223333", "sit=111122223333,prod=444455556666"])
def test_an_account_that_nobody_names_stays_unnamed(text: str | None) -> None:
    assert with_account(load("dev"), text).account_id is None


@pytest.mark.parametrize("text", ["dev=111122223333", "sit=444455556666 dev=111122223333", "\ndev=111122223333,\n"])
def test_an_account_may_be_named_beside_the_file(text: str) -> None:
    assert with_account(load("dev"), text).account_id == "111122223333"
    assert load("dev").account_id is None


def test_a_name_beside_the_file_never_overrules_it() -> None:
    said = load("dev").model_copy(update={"account_id": "999988887777"})
    assert with_account(said, "dev=999988887777") == said
    assert with_account(said, "") == said
    with pytest.raises(InvalidInput, match=r"dev is account 111122223333, but its file says 999988887777"):
        with_account(said, "dev=111122223333")


@pytest.mark.parametrize(
    "text",
    [
        "111122223333",
        "dev=11112222333",
        "dev=1111222233334",
        "dev=\u0661\u0661\u0661\u0661\u0662\u0662\u0662\u0662\u0663\u0663\u0663\u0663",
        "dev = 111122223333",
        "dev=111122223333 dev=444455556666",
        "staging=111122223333",
        "DEV=111122223333",
        "dev=111122223333;sit=444455556666",
        "{}",
        "x" * 100_000,
    ],
)
def test_accounts_that_do_not_fit_are_refused_whoever_they_are_of(text: str) -> None:
    for env in ("dev", "prod"):
        with pytest.raises(InvalidInput, match="BBWS_ACCESS_ACCOUNTS does not fit at") as refused:
            with_account(load(env), text)
        assert len(refused.value.message) < 200
