"""The one structured logger of the functions; what the metric filters match is written through it."""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger()
