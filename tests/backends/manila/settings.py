# SPDX-License-Identifier: Apache-2.0
"""The manila.conf of a Manila that lives in a private directory.

Standard library only: this is also used by the parent process, which must
not import Manila (its configuration object is global to a process).
"""

import importlib.metadata
import os

# How environment chooses native threads or eventlet in Manila 22 and later.
MODE_VARIABLE = 'OS_MANILA_DISABLE_EVENTLET_PATCHING'
MODES = {'threads': '1', 'eventlet': '0'}

# What a driver and its manager do is told in full; the API, which the harness
# polls, is not.
LOG_LEVELS = ['manila=DEBUG', 'manila_native=DEBUG',
              'manila.api.openstack.wsgi=WARNING']

# Manila's own intervals are made for data centres (10 to 60 s).
QUICK = {
    'report_interval': 2,
    'periodic_interval': 1,
    'periodic_fuzzy_delay': 0,
    'replica_state_update_interval': 2,
    'share_usage_size_update_interval': 2,
}


def environment(mode):
    """The environment of a process that runs Manila in this mode."""
    if mode not in MODES:
        raise ValueError(f'unknown mode {mode!r}: use one of {[*MODES]}')
    return {
        **os.environ,
        # A driver in C may crash: its Python stack goes to stderr.log.
        'PYTHONFAULTHANDLER': '1',
        MODE_VARIABLE: MODES[mode],
    }


def paste_file():
    """Where the installed Manila keeps the pipeline of its API."""
    for name in importlib.metadata.files('manila') or ():
        if name.name == 'api-paste.ini':
            return str(name.locate().resolve())
    raise FileNotFoundError('the manila package has no api-paste.ini')


def sections(directory, backends, options=None):
    """All of manila.conf as {section: {option: value}}."""
    default = {
        'host': 'harness',
        'state_path': directory,
        'log_file': os.path.join(directory, 'manila.log'),
        'default_log_levels': LOG_LEVELS,
        'api_paste_config': paste_file(),
        'auth_strategy': 'noauthv2',
        'transport_url': 'fake://',
        'enabled_share_backends': list(backends),
        'enabled_share_protocols': ['NFS', 'CIFS'],
        'scheduler_default_filters': ['AvailabilityZoneFilter',
                                      'CapacityFilter',
                                      'CapabilitiesFilter', 'DriverFilter'],
    }
    default.update(QUICK)
    default.update(options or {})
    result = {
        'DEFAULT': default,
        'database': {'connection': f'sqlite:///{directory}/manila.sqlite'},
        'oslo_concurrency': {'lock_path': os.path.join(directory, 'lock')},
        'coordination': {'backend_url': f'file://{directory}/tooz'},
    }
    for name, values in backends.items():
        result[name] = dict({'share_backend_name': name}, **values)
    return result


def write(directory, backends, options=None):
    """Write manila.conf into the directory and return its path."""
    path = os.path.join(directory, 'manila.conf')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text(sections(directory, backends, options)))
    return path


def text(conf):
    """The sections in the format of oslo.config."""
    lines = []
    for section, values in conf.items():
        lines.append(f'[{section}]')
        for name, value in values.items():
            lines.extend(f'{name} = {item}'
                         for item in _values(value))
        lines.append('')
    return '\n'.join(lines)


def _values(value):
    """The lines of one option ("$" would be taken for a reference)."""
    if value is None:
        return []
    if isinstance(value, dict):
        value = [f'{key}:{item}' for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        value = ','.join(str(item) for item in value)
    return [str(value).replace('$', '$$')]
