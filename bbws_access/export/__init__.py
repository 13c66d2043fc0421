"""Audit events as files: the formats, and where they go."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """File formats of an export."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
