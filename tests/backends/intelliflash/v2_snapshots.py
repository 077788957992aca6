# SPDX-License-Identifier: Apache-2.0
"""The documented service: snapshots and clones."""

import re

from . import errors
from .levels import V20, V20_ROLLBACK, V21
from .registry import NOTHING, Reply, boolean, mapping, member, text
from .state import PREFIX
from .v2 import V2


def share_of_object(state, values, missing):
    """The share that a Share object in a request stands for.

    Only these members count; some clients leave the share out of the
    object's datasetPath.
    """
    parts = [member(values, name, text, '')
             for name in ('poolName', 'projectName', 'name')]
    if not member(values, 'local', boolean, True):
        raise errors.invalid('Local dataset path expected.')
    return state.share('{}/Local/{}/{}'.format(*parts), missing)


@V2.method('createShareSnapshot', V20, mapping, text, boolean)
def create_share_snapshot(state, share, name, quiesce):
    state.create_snapshot(
        share_of_object(state, share, errors.no_dataset), name)
    return NOTHING


@V2.method('getShareSnapshotCreationStatus', V20, text, text)
def get_share_snapshot_creation_status(state, path, name):
    share = state.share(path, errors.no_dataset)
    snapshot = share.snapshots.get(PREFIX + name)
    if snapshot is None:
        status = 2
    elif snapshot.complete:
        status = 0
    else:
        status = 1
        if snapshot.polls is not None:
            snapshot.polls -= 1
    found = {'snapshotProgressStatus': status}
    return [found] if state.assumptions.wrapped_snapshot_status else found


@V2.method('listSnapshots', V20, text, text)
def list_snapshots(state, path, expression):
    if path.count('/') == 2:
        state.project_at(path)
        return []                       # of the project itself
    share = state.share(path)
    try:
        pattern = re.compile(expression or '.*')
    except re.error:
        raise errors.invalid(f'listSnapshots.arg1 value {expression!r}: '
                             'bad regular expression.') from None
    fits = (pattern.fullmatch if state.assumptions.regex == 'whole'
            else pattern.search)
    return [name for name, snapshot in share.snapshots.items()
            if snapshot.complete and fits(name)]


@V2.method('cloneShareSnapshot', V20, text, text, boolean)
def clone_share_snapshot(state, path, name, inherit):
    state.clone(state.snapshot(path, errors.no_dataset), name, inherit)
    return NOTHING


@V2.method('deleteShareSnapshot', V20, text, boolean)
def delete_share_snapshot(state, path, recursive):
    failed = Reply({'snapshotDeletionStatus': 2, 'deletedList': [],
                    'failedToDeleteList': [path]},
                   int(state.assumptions.snapshot_refusal))
    try:
        snapshot = state.snapshot(path)
    except errors.ApiError as error:
        if not error.missing:
            raise
        return failed
    if state.delete_snapshot(snapshot, recursive):
        return failed
    return {'snapshotDeletionStatus': 0, 'deletedList': [path],
            'failedToDeleteList': []}


def _no_snapshot(path):
    return errors.ApiError(400, 'EZEBI_GENERAL',
                           f'Snapshot {path} does not exist.')


@V2.method('rollBackToShareSnapshot', V20_ROLLBACK, text, boolean)
def roll_back_to_share_snapshot(state, path, delete_dependents):
    state.roll_back(state.snapshot(path, _no_snapshot), delete_dependents)
    return 0


def _dependencies(share, snapshots):
    """What goes with these snapshots of a share."""
    clones = {}
    for snapshot in snapshots:
        for clone in snapshot.clones:
            clones[clone.path] = len(clone.snapshots)
            clones.update(_dependencies(clone, clone.snapshots.values())[
                'deleteableClonesWithSnapCount'])
    return {'deleteableSnapCount': ({share.path: len(snapshots)}
                                    if snapshots else {}),
            'deleteableClonesWithSnapCount': clones}


@V2.method('listDependenciesAndSnapshotCountOnDelete', V21, text)
def list_dependencies_on_delete(state, path):
    if '@' in path:
        snapshot = state.snapshot(path, errors.not_found_404)
        return _dependencies(snapshot.share, [snapshot])
    share = state.share(path, errors.not_found_404)
    return _dependencies(share, share.snapshots.values())


@V2.method('listDependenciesAndSnapshotCountOnRollback', V21, text)
def list_dependencies_on_rollback(state, path):
    snapshot = state.snapshot(path, errors.not_found_404)
    return _dependencies(snapshot.share, state.later_snapshots(snapshot))
