# SPDX-License-Identifier: Apache-2.0
"""The configuration of NFS-Ganesha 2.0 in words of the one that we have.

4.3 still has the grammar, but no longer these parameters of an EXPORT; what
they mean follows the sources of 2.0.  Who may be root is left out: all squash
alike.
"""

import re

PARAMETERS = {                  # of values in quotes, which become words
    "FSAL": "FSAL {{ Name = {}; }}",
    "Root_Access": "",
    "RW_Access": "CLIENT {{ Clients = {}; Access_Type = RW; }}",
    "R_Access": "CLIENT {{ Clients = {}; Access_Type = RO; }}",
    "NFS_Protocols": "Protocols = {};",
    "Transport_Protocols": "Transports = {};"}
ASSIGNMENT = re.compile(
    r'\b(%s)\s*=\s*"([^"]*)"\s*;' % "|".join(PARAMETERS), re.IGNORECASE)
FORMS = {name.lower(): form for name, form in PARAMETERS.items()}


def translated(text):
    return ASSIGNMENT.sub(
        lambda m: FORMS[m[1].lower()].format(m[2]) if m[2] else "", text)
