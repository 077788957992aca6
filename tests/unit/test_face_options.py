# SPDX-License-Identifier: Apache-2.0
"""Options: drop-in for those of the in-tree driver."""

import pytest

cfg = pytest.importorskip('oslo_config.cfg')

from manila_native import options  # noqa: E402


def by_name(opts):
    return {opt.name: opt for opt in opts}


def in_tree():
    module = pytest.importorskip('manila.share.drivers.ibm.gpfs')
    return by_name(module.gpfs_share_opts)


def test_in_tree_definitions_are_equal():
    assert by_name(options.GPFS_IN_TREE_OPTS) == in_tree()


@pytest.mark.parametrize('ours_first', [True, False])
def test_both_can_be_registered(ours_first):
    lists = [options.GPFS_OPTS, list(in_tree().values())]
    conf = cfg.ConfigOpts()
    for opts in lists if ours_first else reversed(lists):
        conf.register_opts(opts)
        conf.register_opts(opts, group='gpfs1')


def test_defaults():
    conf = cfg.ConfigOpts()
    conf.register_opts(options.GPFS_OPTS, group='g')
    conf([], default_config_files=[])
    assert conf.g.gpfs_nfs_server_type == 'CES'
    assert conf.g.gpfs_ssh_host_key_policy == 'strict'
    assert conf.g.gpfs_ssh_known_hosts is None
    assert conf.g.gpfs_ssh_sudo is False
    assert conf.g.gpfs_command_timeout == 300
    assert conf.g.knfs_export_options.startswith('rw,sync,')
    assert conf.g.ganesha_nfs_export_options is None
    assert conf.g.gpfs_ganesha_version == '2.1'
    assert conf.g.gpfs_pools is None
    assert conf.g.gpfs_snapshot_dir == '.snapshots'


def test_pools_are_pairs():
    conf = cfg.ConfigOpts()
    conf.register_opts(options.GPFS_OPTS)
    conf([], default_config_files=[])
    conf.set_override('gpfs_pools', 'fast:/gpfs/fast, slow:/tank/slow')
    assert list(conf.gpfs_pools.items()) == [
        ('fast', '/gpfs/fast'), ('slow', '/tank/slow')]


def test_manila_s_own_options_are_not_ours():
    driver = pytest.importorskip('manila.share.driver')
    theirs = by_name(driver.ganesha_opts) | by_name(driver.ssh_opts)
    assert not set(by_name(options.GPFS_OPTS)) & set(theirs)


def test_secrets_are_secret():
    for opt in options.GPFS_OPTS + options.TEGILE_OPTS:
        assert opt.secret == (opt.name.endswith(('password', 'passphrase')))


@pytest.mark.parametrize('group, ours', [
    ('gpfs', options.GPFS_OPTS), ('tegile', options.TEGILE_OPTS)])
def test_list_opts_gives_copies(group, ours):
    opts = dict(options.list_opts())[group]
    assert by_name(opts) == by_name(ours)
    opts[0].default = 'changed'
    assert ours[0].default != 'changed'


def test_each_option_has_help():
    assert all(opt.help for opt in options.GPFS_OPTS + options.TEGILE_OPTS)
