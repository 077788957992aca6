# SPDX-License-Identifier: Apache-2.0
"""What differs between GPFS releases, and the machine-readable `-Y` format.

The shape of `-Y` records is described on the IBM Documentation page of each
command ("-Y: Displays the command output in a parseable format with a colon
(:) as a field delimiter") together with mmclidecode, which decodes the
percent-encoded fields.  Column sets follow captured outputs of the releases
named here.
"""

from dataclasses import dataclass

CLASSIC_FILESET = (
    "filesystemName filesetName id rootInode status path parentId created "
    "inodes dataInKB comment filesetMode afmTarget afmState afmMode "
    "afmFileLookupRefreshInterval afmFileOpenRefreshInterval "
    "afmDirLookupRefreshInterval afmDirOpenRefreshInterval afmAsyncDelay "
    "afmNeedsRecovery afmExpirationTimeout afmRPO afmLastPSnapId inodeSpace "
    "isInodeSpaceOwner maxInodes allocInodes inodeSpaceMask "
    "afmShowHomeSnapshots afmNumReadThreads reserved afmReadBufferSize "
    "afmWriteBufferSize afmReadSparseThreshold afmParallelReadChunkSize "
    "afmParallelReadThreshold snapId afmNumFlushThreads "
    "afmPrefetchThreshold afmEnableAutoEviction permChangeFlag "
    "afmParallelWriteThreshold freeInodes afmNeedsResync "
    "afmParallelWriteChunkSize afmNumWriteThreads afmPrimaryID afmDRState "
    "afmAssociatedPrimaryId afmDIO afmGatewayNode afmIOFlags").split()
LATER_FILESET = CLASSIC_FILESET + (
    "afmVerifyDmapi afmSkipHomeACL afmSkipHomeMtimeNsec afmForceCtimeChange "
    "afmSkipResyncRecovery afmSkipConflictQDrop afmRefreshAsync "
    "afmParallelMounts afmRefreshOnce afmSkipHomeCtimeNsec afmReaddirOnce "
    "afmResyncVer2 afmSnapUncachedRead afmFastCreate afmObjectXattr "
    "afmObjectVHB afmObjectNoDirectoryObj afmSkipHomeRefresh afmObjectGCS "
    "afmObjectUserKeys afmWriteOnClose afmObjectSSL afmObjectACL "
    "afmMUPromoted afmMUAutoRemove afmObjFastReaddir afmObjectBlkIO "
    "preventSnapshotRestore permInheritFlag afmIOFlags2 afmRemoteUpdate "
    "falStatus").split()
NODE_STATE = ("nodeName nodeNumber state quorum nodesUp totalNodes remarks "
              "cnfsState").split()
QUOTA = ("filesystemName quotaType id name blockUsage blockQuota blockLimit "
         "blockInDoubt blockGrace filesUsage filesQuota filesLimit "
         "filesInDoubt filesGrace remarks").split()


@dataclass(frozen=True)
class Release:
    """The output style of one GPFS release."""

    name: str
    product: str                # minReleaseLevel
    format: str                 # file system format version
    yes: str
    no: str
    fileset_columns: tuple
    state_columns: tuple
    quota_columns: tuple
    quota_section: str          # of mmlsquota
    missing_listed: int         # status of mmlsfileset, unknown fileset
    missing_text: str
    root_inode_shown: bool = True
    block_size: int = 4 << 20


def _release(name, product, format, later, section, **more):
    states = list(NODE_STATE)
    if later:
        states.append("daemonShortName")
    if name == "5.2":
        states.append("daemonNodeName")
    quota = QUOTA + ["quota", "defQuota"]
    if name != "4.2":
        quota += ["fid", "filesetname"]
    if later:
        missing = "Fileset named %s does not exist."
    else:
        missing = "Fileset name %s not found."
    return Release(
        name, product, format,
        yes="yes" if later else "Yes", no="no" if later else "No",
        fileset_columns=tuple(LATER_FILESET if later else CLASSIC_FILESET),
        state_columns=tuple(states), quota_columns=tuple(quota),
        quota_section=section, missing_listed=22 if later else 2,
        missing_text=missing, **more)


RELEASES = {r.name: r for r in (
    _release("4.2", "4.2.3.0", "17.00 (4.2.3.0)", False, "",
             root_inode_shown=False, block_size=1 << 20),
    _release("5.0", "5.0.4.0", "22.00 (5.0.4.0)", False, ""),
    _release("5.1", "5.1.4.0", "28.00 (5.1.4.0)", True, "fileset"),
    _release("5.2", "5.2.1.0", "35.00 (5.2.1.0)", True, "fileset"),
)}

LIGHT = "%:"            # percent and the delimiter only
PATHS = "%:/"
DASHES = "%:/-"         # the path column of mmlsfileset


def encode(value, characters=LIGHT):
    """Percent-encode `characters` and line ends of one -Y field."""
    out = []
    for c in str(value):
        if c in characters or c in "\n\r":
            c = "".join(f"%{byte:02X}" for byte in c.encode())
        out.append(c)
    return "".join(out)


def header(command, columns, section=""):
    names = ":".join(columns)
    return f"{command}:{section}:HEADER:version:reserved:reserved:{names}:"


def row(command, values, section=""):
    """One record; `values` are encoded already or need no encoding."""
    text = ":".join(str(v) for v in values)
    return f"{command}:{section}:0:1:::{text}:"
