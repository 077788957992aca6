/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door to CPython: its stable ABI of 3.10, nothing else. In this
 * directory [gil] means: called by a Python thread that holds the GIL. Any
 * call into Python may switch greenlets, so no lock is held across one and
 * nothing that another thread writes lives on the C stack.
 */
#ifndef MN_PYTHON_API_H
#define MN_PYTHON_API_H

#ifndef Py_LIMITED_API
#error "define Py_LIMITED_API=0x030A0000 (setup.py does)"
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#endif
