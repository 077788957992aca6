/* SPDX-License-Identifier: Apache-2.0 */
#include "python/logbridge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "python/raise.h"

static int
python_level(enum mn_log_level level)
{
    switch (level) {
    case MN_LOG_DEBUG:
        return 10;
    case MN_LOG_INFO:
        return 20;
    case MN_LOG_WARNING:
        return 30;
    case MN_LOG_ERROR:
        break;
    }
    return 40;
}

/* Logging must not fail a call, but what ends a greenthread must get through:
   a log call may switch greenlets, and a Timeout then strikes in it. */
static void
log_write(void *ctx, enum mn_log_level level, const char *text)
{
    struct mnpy_services *s = ctx;
    PyObject *type;
    PyObject *value;
    PyObject *traceback;
    if (!s->log) {
        return;
    }
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *message =
        PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    PyObject *r = message ? PyObject_CallFunction(s->log, "iO",
                                                  python_level(level), message)
                          : NULL;
    if (!r && (type || mnpy_swallowable())) {
        PyErr_WriteUnraisable(s->log);
    }
    if (type) {
        PyErr_Restore(type, value, traceback);
    }
    Py_XDECREF(r);
    Py_XDECREF(message);
}

struct mn_log
mnpy_log(struct mnpy_services *s)
{
    return (struct mn_log){.write = log_write, .ctx = s};
}

void
mnpy_log_write(struct mnpy_services *s, enum mn_log_level level,
               const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_write(s, level, text);
}
