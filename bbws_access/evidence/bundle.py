"""A bundle of evidence: a zip file that is written as it goes, with the SHA-256 of all that is in it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.resources import files
from types import TracebackType
from typing import Any, BinaryIO, Final

from bbws_access.services.archive_objects import Readable

SUMS: Final = "SHA256SUMS"
PROGRAM: Final = "check.py"

_PIECE: Final = 1 << 20

_README: Final = """Evidence of an audit trail.

    unzip -p BUNDLE.zip check.py > check.py
    python3 -I check.py BUNDLE.zip

check.py needs Python 3.9 or later and nothing else. Read it first: its beginning says what it checks.

evidence.json   what this is, how far the trail and its archive had come, and which files hold the events
archive/        days as they lie in the archive, with all manifests from the first
table/          events that were not archived yet, one a line
retention.json  what guards the bucket and each archived object, as S3 said
SHA256SUMS      of every other file; sha256sum -c reads it
"""


class Bundle:
    """To be used in a ``with``; it is complete when that ends without an error."""

    def __init__(self, out: BinaryIO, made_at: datetime) -> None:
        self._zip = zipfile.ZipFile(out, "w", compression=zipfile.ZIP_DEFLATED, allowZip64=True)
        self._when = made_at.timetuple()[:6]
        self._sums: list[tuple[str, str]] = []

    def __enter__(self) -> Bundle:
        try:
            self.add("README.txt", _README.encode())
            self.add(PROGRAM, files("bbws_access.evidence").joinpath(PROGRAM).read_bytes())
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.add(SUMS, "".join(f"{digest}  {name}\n" for name, digest in self._sums).encode())
                self._zip.close()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """One that failed is thrown away: it would write its end, when it is forgotten, into a file that is closed."""
        self._zip.fp = None

    def add(self, name: str, content: bytes) -> str:
        """Returns the content's SHA-256."""
        return self.stream(name, [content])

    def json(self, name: str, data: Mapping[str, Any]) -> None:
        self.add(name, json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, default=str).encode())

    def copy(self, name: str, source: Readable) -> str:
        return self.stream(name, iter(lambda: source.read(_PIECE), b""))

    def stream(self, name: str, pieces: Iterable[bytes]) -> str:
        """A piece at a time. What is compressed already is stored as it is."""
        info = zipfile.ZipInfo(name, date_time=self._when)
        info.compress_type = zipfile.ZIP_STORED if name.endswith(".gz") else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        digest = hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=True) as out:
            for piece in pieces:
                digest.update(piece)
                out.write(piece)
        self._sums.append((name, digest.hexdigest()))
        return digest.hexdigest()
