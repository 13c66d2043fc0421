"""What dev, sit and prod are, as the platform's design has them."""

from __future__ import annotations

from typing import Any, Final

EXPECTED: Final[dict[str, dict[str, Any]]] = {
    "dev": {"region": "eu-west-1", "protected": False, "rate": 100, "burst": 50, "dr": [], "lock": "GOVERNANCE"},
    "sit": {"region": "eu-west-1", "protected": True, "rate": 500, "burst": 200, "dr": [], "lock": "GOVERNANCE"},
    "prod": {
        "region": "af-south-1",
        "protected": True,
        "rate": 1000,
        "burst": 500,
        "dr": ["eu-west-1"],
        "lock": "COMPLIANCE",
    },
}
