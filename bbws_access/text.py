"""How two names, or two addresses, are judged to be the same."""

from __future__ import annotations

import unicodedata


def fold_name(name: str) -> str:
    """Unicode-normalised, case-folded, runs of white space made one: what uniqueness is judged by."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def fold_email(email: str) -> str:
    """Addresses are kept and compared in lower case, as Cognito does."""
    return unicodedata.normalize("NFC", email).strip().lower()
