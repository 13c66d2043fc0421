"""Sessions that make their clients without delay, and how S3 is to be spoken to."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader


class QuickLoader(Loader):
    """Finds services by the names of their folders. botocore looks into each of four hundred, for every client."""

    def list_available_services(self, type_name: str) -> list[str]:
        """Every folder; whether it has a description of that type is seen when it is loaded."""
        del type_name
        places = (Path(path) for path in self.search_paths)
        return sorted({entry.name for place in places if place.is_dir() for entry in place.iterdir()})


def s3_config(endpoint: str | None) -> Config:
    """For a client of S3, or of an emulator at ``endpoint``.

    botocore signs links the old way in regions that still know it, which S3 refuses for what is encrypted with KMS, and
    makes them for the global host, which does not serve a region such as af-south-1.
    """
    return Config(signature_version="s3v4", s3={"addressing_style": "path" if endpoint else "virtual"})


@cache
def session_of(profile: str | None) -> Any:
    """A boto3 session of an AWS profile, or of the environment; a profile that is not there fails with a client."""
    core = botocore.session.Session(profile=profile)
    configured = create_loader(core.get_config_variable("data_path"))
    core.register_component("data_loader", QuickLoader(extra_search_paths=configured.search_paths))
    return boto3.Session(botocore_session=core)
