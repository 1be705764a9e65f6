// SPDX-License-Identifier: Apache-2.0
// Files under Data/, embedded in the executable: nothing to install beside it, nothing an agent could edit.
#ifndef WRIT_RESOURCES_H
#define WRIT_RESOURCES_H

#include <stddef.h>

typedef struct {
    // Path below Data/, such as "programs/git.table".
    const char *name;
    const unsigned char *bytes;
    size_t length;
} writ_resource;

// Sorted by name; index below writ_resource_count.
const writ_resource *writ_resource_at(size_t index);
extern const size_t writ_resource_count;

#endif
