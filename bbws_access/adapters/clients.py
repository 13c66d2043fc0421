"""AWS clients that are made without delay, for the command line and the functions, and how S3 is to be spoken to."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader, create_loader


class QuickFiles(JSONFileLoader):
    """Reads descriptions of services into plain dictionaries: botocore's ordered ones take six times as long."""

    def _load_file(self, full_path: str, open_method: Callable[..., Any]) -> Any:
        if not Path(full_path).is_file():
            return None
        with open_method(full_path, "rb") as file:
            return json.loads(file.read())


class QuickLoader(Loader):
    """Finds services by the names of their folders. botocore looks into each of four hundred, for every client."""

    FILE_LOADER_CLASS = QuickFiles

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


def make_client(service: str, *, profile: str | None = None, **chosen: Any) -> Any:
    """A client of an AWS profile, or of the environment; a profile that is not there fails here.

    Only S3's comes from boto3, which gives it ``upload_file``: to import that takes longer than to make a client.
    """
    if service == "s3":
        return _with_transfers(profile).client(service, **chosen)
    return _session(profile).create_client(service, **chosen)


@cache
def _session(profile: str | None) -> Any:
    session = botocore.session.Session(profile=profile)
    configured = create_loader(session.get_config_variable("data_path"))
    session.register_component("data_loader", QuickLoader(extra_search_paths=configured.search_paths))
    return session


@cache
def _with_transfers(profile: str | None) -> Any:
    import boto3

    return boto3.Session(botocore_session=_session(profile))
