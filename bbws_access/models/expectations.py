"""A file of expectations about who may do what, and what became of them."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from bbws_access.models.base import ApiModel, Request
from bbws_access.models.wording import saying

MOST: Final = 10_000
"""Expectations in a file: more than anybody keeps in git and reads."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Call = Annotated[
    str,
    StringConstraints(max_length=1000, pattern=r"^[A-Z]+ /\S*$"),
    saying("is not a method and a path, such as GET /v1/platform/roles"),
]
Verdict = Literal["allowed", "denied"]


class Expectation(Request):
    """Either ``may``, a permission or a capability, maybe inside ``team``, by name or id; or ``calls``, a method and
    a path, in which ``{orgId}`` and ``{userId}`` are filled in."""

    user: Words
    may: Words | None = None
    team: Words | None = None
    calls: Call | None = None
    expect: Verdict
    because: Annotated[str, StringConstraints(max_length=500)] | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.may is None) is (self.calls is None):
            raise ValueError("asks for one thing: may, or calls")
        if self.team is not None and self.may is None:
            raise ValueError("team belongs to may; a path names its team by itself")
        return self

    @property
    def question(self) -> str:
        """What is asked, in words."""
        inside = f" in team {self.team}" if self.team is not None else ""
        return f"{self.calls or self.may}{inside}"


class Expectations(Request):
    """The whole file."""

    expectations: Annotated[tuple[Expectation, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not 0 < len(self.expectations) <= MOST:
            raise ValueError(f"expectations are 1 to {MOST} in a file, not {len(self.expectations)}")
        return self


class Result(ApiModel):
    """``found`` is ``allowed`` or ``denied``, and absent where the question could not be asked; ``why`` says more."""

    user: str
    question: str
    expected: Verdict
    found: Verdict | None = None
    passed: bool
    why: str
    because: str | None = None
