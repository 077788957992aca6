/* SPDX-License-Identifier: Apache-2.0 */
#include "tegile/methods.h"

#define DEFINE_(name, path, kind, answer)                \
    const struct mn_tegile_method mn_tegile_m_##name = { \
        path, MN_TEGILE_##kind, MN_TEGILE_##answer};
MN_TEGILE_METHODS(DEFINE_)
#undef DEFINE_
