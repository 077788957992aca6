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
NFS_EXPORT = ("Path Delegations Clients Access_Type Protocols Transports "
              "Squash Anonymous_uid Anonymous_gid SecType PrivilegedPort "
              "DefaultDelegations Manage_Gids NFS_Commit").split()


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
    nfs_one_change: bool = True         # one change flag per mmnfs call
    nfs_pseudo: bool = True             # --pseudo, --dry-run
    nfs_match: bool = True              # --nfsdefs-match, mmnfs config
    nfs_columns: tuple = tuple(NFS_EXPORT)
    nfs_encoded: bool = False           # values of mmnfs export list -Y


def _release(name, product, format, later, section, **more):
    states = list(NODE_STATE)
    if later:
        states.append("daemonShortName")
    if name in ("5.2", "6.0"):
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
             root_inode_shown=False, block_size=1 << 20,
             nfs_one_change=False, nfs_pseudo=False, nfs_match=False),
    _release("5.0.1", "5.0.1.0", "19.01 (5.0.1.0)", False, "",
             nfs_one_change=False, nfs_pseudo=False),
    _release("5.0", "5.0.4.0", "22.00 (5.0.4.0)", False, ""),
    _release("5.1", "5.1.4.0", "28.00 (5.1.4.0)", True, "fileset"),
    _release("5.2", "5.2.1.0", "35.00 (5.2.1.0)", True, "fileset"),
    _release("6.0", "6.0.1.0", "38.00 (6.0.1.0)", True, "fileset",
             nfs_columns=tuple(NFS_EXPORT[:1] + ["PseudoPath"]
                               + NFS_EXPORT[1:] + ["Export_Id"])),
)}

LIGHT = "%:"            # percent and the delimiter only
PATHS = "%:/"
DASHES = "%:/-"         # the path column of mmlsfileset


TABLES = {chosen: {ord(c): f"%{ord(c):02X}" for c in chosen + "\n\r"}
          for chosen in (LIGHT, PATHS, DASHES)}


def encode(value, characters=LIGHT):
    """Percent-encode `characters` and line ends of one -Y field."""
    return str(value).translate(TABLES[characters])


def header(command, columns, section=""):
    names = ":".join(columns)
    return f"{command}:{section}:HEADER:version:reserved:reserved:{names}:"


def row(command, values, section=""):
    """One record; `values` are encoded already or need no encoding."""
    text = ":".join(str(v) for v in values)
    return f"{command}:{section}:0:1:::{text}:"
