# SPDX-License-Identifier: Apache-2.0
"""Compiles mmclient once; later starts find it in the build directory."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SOURCE = HERE / "mmclient.c"


def directory():
    """The repository's build directory, else one below the temp directory."""
    wanted = ROOT / "build" / "gpfs-simulator"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        if os.access(wanted, os.W_OK):
            return wanted
    except OSError:
        pass
    wanted = Path(tempfile.gettempdir()) / f"gpfs-simulator-{os.getuid()}"
    wanted.mkdir(mode=0o700, exist_ok=True)
    return wanted


def mmclient():
    """Path of the compiled client."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    program = directory() / f"mmclient-{digest}"
    if not program.exists():
        _compile(program)
    return program


def _compile(program):
    fresh = program.with_name(f"{program.name}.{os.getpid()}")
    command = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(fresh),
               str(SOURCE)]
    # Statically linked programs start faster, but need a static libc.
    if subprocess.run(command + ["-static"], capture_output=True).returncode:
        subprocess.run(command, check=True)
    os.replace(fresh, program)
