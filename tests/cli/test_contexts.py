"""Contexts: where a command works, and what goes before what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bbws_access.errors import Unauthenticated
from cli.contexts import Context, Contexts
from cli.overrides import Overrides
from cli.place import Place
from cli.session import Session
from tests.cli.conftest import Run


@pytest.fixture
def file(bare: Run, tmp_path: Path) -> Path:
    return tmp_path / "state" / "contexts.json"


def test_a_context_is_kept_used_shown_and_forgotten(bare: Run, file: Path) -> None:
    assert bare("context", "list").err.startswith("No contexts.")
    assert bare("context", "create", "work", "--env", "dev", "--org", "Acme", "--profile", "p").code == 0
    assert bare("context", "create", "home").code == 0
    assert bare("context", "show", "-o", "json").json["env"] == "local"
    assert bare("context", "use", "work").err == "Working in dev, context work.\n"
    assert bare("context", "show", "-o", "json").json == {
        "env": "dev",
        "org": "Acme",
        "profile": "p",
        "context": "work",
        "envFrom": "context work",
    }
    listed = bare("context", "list", "-o", "json").json["items"]
    assert [(one["name"], one["inUse"], one["env"]) for one in listed] == [
        ("home", False, "local"),
        ("work", True, "dev"),
    ]
    assert bare("context", "use", "--none").code == 0
    assert bare("context", "show", "-o", "json").json["envFrom"] == "the default"
    bare("context", "use", "work")
    assert bare("context", "remove", "work").code == 0
    assert bare("context", "show", "-o", "json").json["env"] == "local"
    assert list(file.parent.glob("*.part")) == []


def test_a_flag_goes_before_a_variable_before_the_context_before_the_default(
    bare: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare("context", "create", "work", "--env", "dev", "--org", "Acme", "--profile", "p")
    bare("context", "use", "work")
    shown = {"env": "dev", "org": "Acme", "profile": "p"}
    assert shown.items() <= bare("context", "show", "-o", "json").json.items()
    # In another environment the context's organisation and profile are not meant.
    monkeypatch.setenv("BBWS_ACCESS_ENV", "sit")
    assert {"env": "sit", "org": None, "profile": None}.items() <= bare("context", "show", "-o", "json").json.items()
    assert bare("context", "show", "--env", "local", "-o", "json").json["env"] == "local"
    monkeypatch.setenv("BBWS_ACCESS_ENV", "dev")
    assert shown.items() <= bare("context", "show", "-o", "json").json.items()
    monkeypatch.setenv("BBWS_ACCESS_ORG", "Globex")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    found = bare("context", "show", "-o", "json").json
    assert (found["org"], found["profile"]) == ("Globex", "mine")
    assert bare("context", "show", "--org", "Initech", "-o", "json").json["org"] == "Initech"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "nope"), 1, "there is no context 'nope'; try: bbws-access context list"),
        (("use", "nope"), 1, "there is no context 'nope'"),
        (("remove", "nope"), 1, "there is no context 'nope'"),
        (("use",), 2, "which context?"),
        (("use", "a", "--none"), 2, "which context?"),
        (("create", "x", "--env", "staging"), 2, "there is no environment 'staging'"),
        (("create", ""), 2, "1 to 50 printable"),
        (("create", "\x1b[2J"), 2, "1 to 50 printable"),
        (("create", "y" * 51), 2, "1 to 50 printable"),
        (("create", "a"), 2, "there is a context 'a' already"),
    ],
)
def test_got_wrong(bare: Run, words: tuple[str, ...], code: int, said: str) -> None:
    bare("context", "create", "a")
    done = bare("context", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"contexts": {}}',
        '{"contexts": {"a": {"env": 3}}, "inUse": null}',
        '{"contexts": {"a": {"env": "dev", "org": ["x"]}}, "inUse": "a"}',
        '{"contexts": {"a": {"env": "dev", "more": 1}}, "inUse": "a"}',
        '{"contexts": {"a": {}}, "inUse": "a"}',
        '{"contexts": {}, "inUse": "gone"}',
        '{"contexts": [], "inUse": null}',
    ],
)
def test_a_damaged_file_stops_every_command(bare: Run, file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    done = bare("orgs", "list")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"error: {file} cannot be read as contexts; mend it, or remove it\n"


def test_prod_by_context_is_marked(office: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"contexts": {"live": {"env": "prod", "org": "Acme"}}, "inUse": "live"}))
    monkeypatch.delenv("BBWS_ACCESS_ORG")
    monkeypatch.setattr(Session, "caller", ("000000000000", "arn:aws:iam::000000000000:user/ops"))
    done = office("users", "list", "--quiet")
    assert done.code == 0, done.err
    assert done.err == "PROD: this works in prod, by context live\n"
    assert "PROD" not in office("users", "list", "--env", "local", "--org", "Acme").err


def test_a_contexts_profile_signs_in(bare: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare("context", "create", "work", "--env", "dev", "--profile", "work-profile")
    bare("context", "use", "work")
    config = tmp_path / "config"
    config.write_text("[profile work-profile]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    session = Session(Overrides())
    client: Any = session._client("sts")
    assert client._request_signer._credentials.access_key == "AKIAWORK"
    assert session.aws_environment()["AWS_PROFILE"] == "work-profile"
    monkeypatch.setenv("AWS_PROFILE", "absent")
    with pytest.raises(Unauthenticated, match="absent"):
        Session(Overrides())._client("sts")


def test_a_dry_run_keeps_the_file_as_it_is(bare: Run, file: Path) -> None:
    bare("context", "create", "work", "--env", "dev")
    before = file.read_bytes()
    assert bare("context", "create", "home", "--dry-run").out == "keep context home: local\n"
    assert bare("context", "use", "work", "--dry-run").out == "work in context work\n"
    assert bare("context", "remove", "work", "--dry-run", "-o", "json").json["beside"] == ["forget context work"]
    assert bare("context", "remove", "nothing", "--dry-run").code == 1
    assert file.read_bytes() == before


@pytest.mark.parametrize("kept", ["outputs", "contexts"])
def test_two_commands_that_keep_something_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    """The second comes while the first has written and not named its file yet."""
    monkeypatch.setenv("BBWS_ACCESS_STATE_DIR", str(tmp_path))
    replace, second = Path.replace, iter([True])

    def keep(n: int) -> None:
        place = Place(Overrides())
        if kept == "outputs":
            place.keep_outputs({"n": n})
        else:
            contexts = Contexts.read(place.state_dir)
            contexts.named[f"c{n}"] = Context(env="local")
            contexts.keep()

    def overtaken(part: Path, target: Path) -> Path:
        if next(second, False):
            keep(2)
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", overtaken)
    keep(1)
    if kept == "outputs":
        assert Place(Overrides()).outputs == {"n": 1}
    else:
        assert list(Contexts.read(tmp_path).named) == ["c1"]
    assert not list(tmp_path.rglob("*.part"))


def test_a_name_of_two_words_is_suggested_as_it_has_to_be_typed(bare: Run) -> None:
    assert "bbws-access context use 'my work'" in bare("context", "create", "my work").err
    taken = bare("context", "create", "my work")
    assert taken.err.endswith("try: bbws-access context remove 'my work'\n")
