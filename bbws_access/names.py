"""Names of the deployed resources. Terraform makes the same names from the same prefix."""

from __future__ import annotations

from dataclasses import dataclass

from bbws_access.catalogue import Function, Service


@dataclass(frozen=True, slots=True)
class Names:
    """Every resource name of one environment; ``env`` is ``local``, ``dev``, ``sit`` or ``prod``."""

    env: str

    @property
    def prefix(self) -> str:
        return f"bbws-access-{self.env}"

    @property
    def table(self) -> str:
        return f"{self.prefix}-ddb-access-management"

    @property
    def api(self) -> str:
        return f"{self.prefix}-apigw"

    @property
    def user_pool(self) -> str:
        return f"{self.prefix}-users"

    @property
    def audit_bucket(self) -> str:
        return f"{self.prefix}-s3-audit-archive"

    @property
    def code_bucket(self) -> str:
        return f"{self.prefix}-s3-code"

    def function(self, function: Function) -> str:
        return f"{self.prefix}-lambda-{function.name}"

    def role(self, service: Service) -> str:
        return f"{self.prefix}-role-{service}-service"

    def log_group(self, service: Service) -> str:
        return f"/aws/lambda/{self.prefix}-{service}"
