# SPDX-License-Identifier: Apache-2.0
"""Compiles C parts once; later starts find them in the build directory."""

import functools
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CC = ["cc", "-O2", "-Wall", "-Wextra"]
FSAL_VFS = "libfsalvfs.so"


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


def made(source, compile_it):
    """Path of what a source file in this directory is compiled to."""
    source = HERE / source
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    target = directory() / f"{source.stem}-{digest}"
    if not target.exists():
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        compile_it(source, fresh)
        os.replace(fresh, target)
    return target


def mmclient():
    """Path of the client behind each simulated command."""
    return made("mmclient.c", _program)


def _program(source, fresh):
    command = CC + ["-o", str(fresh), str(source)]
    # Statically linked programs start faster, but need a static libc.
    if subprocess.run(command + ["-static"], capture_output=True).returncode:
        subprocess.run(command, check=True)


def fsal():
    """Path of the FSAL GPFS stand-in."""
    return made("fsalgpfs.c", _fsal)


def _fsal(source, fresh):
    subprocess.run(CC + [
        "-shared", "-fPIC", "-o", str(fresh), str(source),
        "-Wl,--no-as-needed", f"-L{ganesha_plugins()}", f"-l:{FSAL_VFS}",
        f"-Wl,-rpath,{ganesha_plugins()}",
        "-Wl,--allow-shlib-undefined"], check=True)


def libgpfs():
    """Path of the stand-in for GPFS's own library."""
    return made("libgpfs.c", lambda source, fresh: subprocess.run(
        CC + ["-shared", "-fPIC", "-o", str(fresh), str(source)],
        check=True))


@functools.lru_cache
def ganesha_plugins():
    """The directory of NFS-Ganesha's plugins, or None."""
    for pattern in ("lib/*/ganesha", "lib*/ganesha"):
        for path in sorted(Path("/usr").glob(f"{pattern}/{FSAL_VFS}")):
            return path.parent
    return None
