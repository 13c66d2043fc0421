"""Audit events as files: the formats, and where they go."""
