# SPDX-License-Identifier: Apache-2.0
"""mmgetacl, mmputacl, mmdelacl: NFSv4 ACLs of files and directories.

Texts and rules follow the IBM Documentation pages of the commands ("NFS V4
ACL translation" for what is shown under which `mmlsfs -k`).  The text is not
interpreted: it is kept as it was given, less the comments, where libgpfs.c
finds it, too.  POSIX ACLs are only modes here; rsync copies real ones.
"""

import errno
import os
import stat

from .call import DAEMON
from .failure import Failure

ATTRIBUTE = "user.rsync.%gpfs_acl"      # see libgpfs.c
NFS4 = "#NFSv4 ACL"
SEMANTICS = ("posix", "nfs4", "all")


def find(call, path):
    """(file system, where the server finds the file, its lstat)."""
    full = call.absolute(path)
    fs = call.cluster.holding(full)
    if fs is None:
        raise Failure(errno.EINVAL,
                      f"{path} is not a GPFS file system object.")
    try:
        place = fs.inside(full)
        return fs, place, os.stat(place)
    except OSError as error:
        raise Failure(error.errno, f"{path}: {error.strerror}") from None


def stored(place):
    """The text of a file's NFSv4 ACL, or None."""
    try:
        return os.getxattr(place, ATTRIBUTE).decode()
    except OSError as error:
        if error.errno == errno.ENODATA:
            return None
        raise


def letters(bits):
    return "".join(letter if bits & bit else "-"
                   for letter, bit in (("r", 4), ("w", 2), ("x", 1)))


def of_mode(mode, nfs4):
    """What a file has that has no ACL."""
    classes = [letters(mode >> shift & 7) for shift in (6, 3, 0)]
    if nfs4:
        return "".join(
            f"special:{who}@:{bits}c:allow\n" for who, bits in zip(
                ("owner", "group", "everyone"), classes))
    return "".join(f"{who}::{bits}{control}\n" for who, bits, control in zip(
        ("user", "group", "other"), classes, "c--"))


def shown(fs, place, info, how):
    """The lines of mmgetacl."""
    text = stored(place)
    nfs4 = {"native": text is not None, "all": text is not None}.get(
        how, how == "nfs4")
    if text is None or not nfs4:
        text = of_mode(info.st_mode, nfs4)
    head = [NFS4] if nfs4 else []
    head += [f"#owner:{info.st_uid}", f"#group:{info.st_gid}"]
    return head + text.splitlines()


def mmgetacl(call):
    (path,), options = call.parse(1, 1, ("-d",), ("-o", "-k"))
    fs, place, info = find(call, path)
    lines = shown(fs, place, info, options.get("-k", fs.acl_semantics))
    if "-o" not in options:
        call.print(*lines)
        return
    full = call.absolute(options["-o"])
    other = call.cluster.holding(full)
    if other is None:
        raise Failure(errno.EINVAL, "the simulator writes to GPFS only")
    with open(other.inside(full), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def mmputacl(call):
    (path,), options = call.parse(1, 1, ("-d",), ("-i",))
    if "-i" not in options:
        call.usage("the simulator reads no standard input")
    fs, place, info = find(call, path)
    _fs, source, _info = find(call, options["-i"])
    with open(source, encoding="utf-8") as file:
        text = file.read()
    rest = "".join(line for line in text.splitlines(True)
                   if not line.startswith("#"))
    nfs4 = text.startswith(NFS4)
    if fs.acl_semantics not in ("all", "nfs4" if nfs4 else "posix"):
        raise Failure(errno.EOPNOTSUPP, f"{path}: Operation not supported")
    if not nfs4:
        put_mode(path, place, info, rest)
    else:
        os.setxattr(place, ATTRIBUTE, rest.encode())


def put_mode(path, place, info, text):
    """A POSIX ACL; not over an NFSv4 one, which mmdelacl removes first."""
    if stat.S_ISDIR(info.st_mode) and stored(place) is not None:
        raise Failure(errno.EINVAL, f"{path}: Invalid argument")
    bits = [line.split("::")[1] for line in text.splitlines()]
    mode = 0
    for word in bits[:3]:
        mode = mode << 3 | sum(
            bit for letter, bit in zip(word, (4, 2, 1)) if letter != "-")
    if stored(place) is not None:
        os.removexattr(place, ATTRIBUTE)
    os.chmod(place, stat.S_IMODE(info.st_mode) & ~0o777 | mode)


def mmdelacl(call):
    (path,), _options = call.parse(1, 1, ("-d",))
    _fs, place, _info = find(call, path)
    if stored(place) is not None:
        os.removexattr(place, ATTRIBUTE)


COMMANDS = {"mmgetacl": (mmgetacl, DAEMON), "mmputacl": (mmputacl, DAEMON),
            "mmdelacl": (mmdelacl, DAEMON)}
