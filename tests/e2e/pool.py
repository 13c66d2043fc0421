"""Tokens as the deployed user pool signs them, with whatever claims a test wants.

The emulator keeps its pools' keys in files below its state. With them a token can be one that the pool
signed and that has expired, is for another client, or names nobody.
"""

from __future__ import annotations

import base64
import hashlib
import time
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tests.access import jwts
from tests.e2e.conftest import Deployed


@dataclass(frozen=True)
class Pool:
    """The pool of a deployed environment, seen by who has its key of id tokens."""

    deployed: Deployed
    pool_id: str
    client_id: str

    @classmethod
    def of(cls, deployed: Deployed) -> Pool:
        outputs = deployed.outputs()
        # A pool makes its keys when somebody first asks for them.
        endpoint = outputs["api_url"].split("/restapis/")[0]
        urllib.request.urlopen(f"{endpoint}/{outputs['user_pool_id']}/.well-known/jwks.json", timeout=60).close()
        return cls(deployed, outputs["user_pool_id"], outputs["user_pool_client_id"])

    @property
    def issuer(self) -> str:
        return f"https://cognito-idp.eu-west-1.amazonaws.com/{self.pool_id}"

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        folder = self.deployed.state_dir / "emulator" / "data" / "cognito-pool-keys"
        found = load_pem_private_key((folder / f"{self.pool_id}-id.pem").read_bytes(), None)
        assert isinstance(found, rsa.RSAPrivateKey)
        return found

    @cached_property
    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def key_id(self) -> str:
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def header(self, **more: Any) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self.key_id, **more}

    def claims(self, user_id: str, org_id: str, **more: Any) -> dict[str, Any]:
        """``None`` takes a claim away."""
        own = {"sub": user_id, "iss": self.issuer, "aud": self.client_id, "custom:organisation_id": org_id}
        return jwts.id_claims(int(time.time()), **(own | more))

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwts.sign(header, claims, self.key)

    def token(self, user_id: str, org_id: str, **more: Any) -> str:
        return self.sign(self.header(), self.claims(user_id, org_id, **more))
