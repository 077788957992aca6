# SPDX-License-Identifier: Apache-2.0
"""Fixtures for all tests."""

pytest_plugins = ["tests.backends.gpfs.fixtures"]
