"""Nothing that holds data goes without somebody's word."""

from __future__ import annotations

from typing import Any

import pytest

from bbws_access.errors import ExitCode, Refused
from bbws_access.provisioning.guard import require_no_data_loss
from bbws_access.provisioning.plans import HOLDS_DATA, from_json
from tests.provisioning.plan_json import GROUP, TABLE, plan, resource


def refused(*resources: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        require_no_data_loss(from_json(plan(*resources)), allowed=False)
    assert caught.value.code == "DATA_LOSS"
    assert caught.value.exit_code == ExitCode.REFUSED
    assert "--allow-data-loss" in str(caught.value.hint)
    assert "\n" not in caught.value.message
    return caught.value


def test_a_key_renamed_is_refused_with_the_reason() -> None:
    error = refused(
        resource(
            TABLE,
            "delete",
            "create",
            before={"hash_key": "PK"},
            after={"hash_key": "Id"},
            replace_paths=[["hash_key"]],
        )
    )
    assert error.message == (
        f"{TABLE} would be destroyed and made anew, empty, because hash_key (PK to Id) cannot be changed in place"
    )
    assert error.details["losses"][0]["because"] == ["hash_key"]


def test_a_reason_without_simple_values_is_named_only() -> None:
    error = refused(resource(TABLE, "delete", "create", replace_paths=[["attribute", 0, "name"]]))
    assert error.message.endswith("because attribute.0.name cannot be changed in place")


def test_a_replacement_without_a_reason_is_refused_all_the_same() -> None:
    assert refused(resource(TABLE, "create", "delete")).message.endswith("made anew, empty")


@pytest.mark.parametrize("kind", sorted(HOLDS_DATA))
def test_each_kind_is_guarded(kind: str) -> None:
    assert refused(resource(f"module.m.{kind}.this", "delete")).message.startswith(f"module.m.{kind}.this would be")


def test_all_that_would_be_lost_is_in_the_details() -> None:
    error = refused(resource(TABLE, "delete"), resource("aws_s3_bucket.b", "delete"), resource(GROUP, "delete"))
    assert ", and 1 more" in error.message
    assert [loss["address"] for loss in error.details["losses"]] == [TABLE, "aws_s3_bucket.b"]


def replicas(*regions: str) -> dict[str, Any]:
    return {"replica": [{"region_name": region, "kms_key_arn": None} for region in regions]}


@pytest.mark.parametrize("after", [replicas(), {"replica": None}, {}])
def test_a_table_that_would_lose_its_replica_is_guarded_although_it_is_only_changed(after: dict[str, Any]) -> None:
    error = refused(resource(TABLE, "update", before=replicas("eu-west-1"), after=after))
    assert error.message == f"{TABLE} would be changed, and its replica in eu-west-1 be destroyed"


def test_a_table_that_gets_a_replica_or_keeps_it_passes() -> None:
    for before, after in ((replicas(), replicas("eu-west-1")), (replicas("eu-west-1"), replicas("eu-west-1"))):
        changed = resource(TABLE, "update", before=before | {"tags": {}}, after=after | {"tags": {"a": "b"}})
        require_no_data_loss(from_json(plan(changed)), allowed=False)


@pytest.mark.parametrize("actions", [("create",), ("update",), ("no-op",)])
def test_what_stays_passes(actions: tuple[str, ...]) -> None:
    require_no_data_loss(from_json(plan(resource(TABLE, *actions), resource(GROUP, "delete"))), allowed=False)


def test_with_somebodys_word_it_passes() -> None:
    require_no_data_loss(from_json(plan(resource(TABLE, "delete"))), allowed=True)
