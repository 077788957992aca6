# SPDX-License-Identifier: Apache-2.0
"""What the drivers cost per operation; see README.rst."""
