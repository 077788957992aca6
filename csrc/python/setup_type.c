/* SPDX-License-Identifier: Apache-2.0 */
#include "python/setup_type.h"

#include "core/alloc.h"

struct mnpy_setup *
mnpy_setup_alloc(struct mnpy_state *state, PyObject *dict)
{
    PyTypeObject *type = (PyTypeObject *)state->setup_type;
    struct mnpy_setup *setup =
        (struct mnpy_setup *)PyType_GenericAlloc(type, 0);
    if (!setup) {
        return NULL;
    }
    mnpy_services_copy(&setup->services, &state->services);
    setup->reader.services = &setup->services;
    if (mnpy_services_update(&setup->services, dict) < 0) {
        Py_CLEAR(setup);
    }
    return setup;
}

static int
setup_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return mnpy_services_traverse(&((struct mnpy_setup *)self)->services,
                                  visit, arg);
}

static int
setup_clear(PyObject *self)
{
    mnpy_services_clear(&((struct mnpy_setup *)self)->services);
    return 0;
}

/* Nobody works with it any more: an operation holds a reference. */
static void
setup_dealloc(PyObject *self)
{
    struct mnpy_setup *setup = (struct mnpy_setup *)self;
    PyObject_GC_UnTrack(self);
    mn_driver_free(setup->driver);
    for (size_t i = 0; i < setup->executors_n; i++) {
        mn_executor_free(setup->executors[i]);
    }
    mn_free(setup->executors);
    mn_free(setup->pools);
    mn_argv_dispose(&setup->pool_texts);
    mn_free(setup->export_ip);
    setup_clear(self);
    mnpy_free_object(self);
}

static PyType_Slot setup_slots[] = {
    {Py_tp_doc, "What one call of do_setup() made."},
    {Py_tp_traverse, (void *)setup_traverse},
    {Py_tp_clear, (void *)setup_clear},
    {Py_tp_dealloc, (void *)setup_dealloc},
    {0, NULL},
};

static PyType_Spec setup_spec = {
    .name = "manila_native._native._Setup",
    .basicsize = sizeof(struct mnpy_setup),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC
             | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = setup_slots,
};

int
mnpy_add_setup_type(PyObject *module, struct mnpy_state *state)
{
    state->setup_type = PyType_FromModuleAndSpec(module, &setup_spec, NULL);
    return state->setup_type ? 0 : -1;
}
