# SPDX-License-Identifier: Apache-2.0
"""Sphinx configuration."""

project = "manila-native"
copyright = "the manila-native authors"
extensions = []
html_theme = "alabaster"
