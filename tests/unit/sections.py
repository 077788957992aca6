# SPDX-License-Identifier: Apache-2.0
"""Sections of manila.conf for tests of the classes that Manila loads."""

from oslo_config import cfg

from manila.share import configuration
from manila.share import driver as manila_driver

CONF = cfg.CONF


def section(group):
    """Yield a back end's section; the values are taken back afterwards."""
    if not CONF._namespace:
        CONF([], project='manila', default_config_files=[])
    made = configuration.Configuration(manila_driver.share_opts,
                                       config_group=group)
    names = []

    def set_(**values):
        for name, value in values.items():
            CONF.set_override(name, value, group=group)
            names.append(name)
    made.set = set_
    set_(driver_handles_share_servers=False)
    yield made
    for name in names:
        CONF.clear_override(name, group=group)
