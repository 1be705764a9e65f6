// SPDX-License-Identifier: Apache-2.0
// Made by Tools/embed-resources from the files under Data/. Do not edit.
#include "writ_resources.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char data_0[] = {
#embed "Data/policies/rune-coding.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_1[] = {
#embed "Data/programs/archives.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_2[] = {
#embed "Data/programs/cloud.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_3[] = {
#embed "Data/programs/coreutils.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_4[] = {
#embed "Data/programs/data.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_5[] = {
#embed "Data/programs/git.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_6[] = {
#embed "Data/programs/languages.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_7[] = {
#embed "Data/programs/network.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_8[] = {
#embed "Data/programs/others.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_9[] = {
#embed "Data/programs/packages.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_10[] = {
#embed "Data/programs/shells.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_11[] = {
#embed "Data/programs/system.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_12[] = {
#embed "Data/programs/text.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_13[] = {
#embed "Data/programs/wrappers.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_14[] = {
#embed "Data/shell/config-paths.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_15[] = {
#embed "Data/shell/inline-calls.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_16[] = {
#embed "Data/shell/secret-paths.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_17[] = {
#embed "Data/shell/variables.table" suffix(, 0) if_empty(0)
};

static const writ_resource resources[] = {
    {"policies/rune-coding.yaml", data_0, sizeof data_0 - 1},
    {"programs/archives.table", data_1, sizeof data_1 - 1},
    {"programs/cloud.table", data_2, sizeof data_2 - 1},
    {"programs/coreutils.table", data_3, sizeof data_3 - 1},
    {"programs/data.table", data_4, sizeof data_4 - 1},
    {"programs/git.table", data_5, sizeof data_5 - 1},
    {"programs/languages.table", data_6, sizeof data_6 - 1},
    {"programs/network.table", data_7, sizeof data_7 - 1},
    {"programs/others.table", data_8, sizeof data_8 - 1},
    {"programs/packages.table", data_9, sizeof data_9 - 1},
    {"programs/shells.table", data_10, sizeof data_10 - 1},
    {"programs/system.table", data_11, sizeof data_11 - 1},
    {"programs/text.table", data_12, sizeof data_12 - 1},
    {"programs/wrappers.table", data_13, sizeof data_13 - 1},
    {"shell/config-paths.table", data_14, sizeof data_14 - 1},
    {"shell/inline-calls.table", data_15, sizeof data_15 - 1},
    {"shell/secret-paths.table", data_16, sizeof data_16 - 1},
    {"shell/variables.table", data_17, sizeof data_17 - 1},
    {0, 0, 0},
};
const size_t writ_resource_count = sizeof resources / sizeof resources[0] - 1;
const writ_resource *writ_resource_at(size_t index) { return &resources[index]; }
