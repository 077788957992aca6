# SPDX-License-Identifier: Apache-2.0
"""Firmware and the level of the API that comes with it."""

import re

V20 = (3, 5, 0, 0)
V20_ROLLBACK = (3, 5, 0, 1)
V21 = (3, 7, 0, 0)
V22 = (3, 7, 1, 0)
V23 = (3, 9, 0, 0)
V24 = (3, 10, 0, 0)
ANY = (0, 0, 0, 0)

_LEVELS = ((V24, '2.4'), (V23, '2.3'), (V22, '2.2'), (V21, '2.1'),
           (V20, '2.0'), ((2, 1, 2, 1), '1.2'), (ANY, '1.0'))


def parse(firmware):
    """(3, 7, 1, 0) from "3.7.1" or "3.7.1.0-170912"."""
    found = re.match(r'\d+(\.\d+)*', firmware)
    if found is None:
        raise ValueError(f'firmware {firmware!r}')
    numbers = [int(part) for part in found.group().split('.')]
    return tuple((numbers + [0] * 4)[:4])


def api_version(firmware):
    """ "2.1" for a parsed firmware."""
    return next(level for first, level in _LEVELS if firmware >= first)
