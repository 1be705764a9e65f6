// SPDX-License-Identifier: Apache-2.0
// Made by Tools/embed-resources from the files under Data/. Do not edit.
#include "writ_resources.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char data_0[] = {
#embed "Data/policies/rune-coding.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_1[] = {
#embed "Data/secrets/ai-services.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_2[] = {
#embed "Data/secrets/amazon.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_3[] = {
#embed "Data/secrets/anthropic.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_4[] = {
#embed "Data/secrets/azure.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_5[] = {
#embed "Data/secrets/cloud.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_6[] = {
#embed "Data/secrets/generic.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_7[] = {
#embed "Data/secrets/github.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_8[] = {
#embed "Data/secrets/gitlab.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_9[] = {
#embed "Data/secrets/google.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_10[] = {
#embed "Data/secrets/keys.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_11[] = {
#embed "Data/secrets/letters.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_12[] = {
#embed "Data/secrets/messaging.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_13[] = {
#embed "Data/secrets/observability.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_14[] = {
#embed "Data/secrets/openai.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_15[] = {
#embed "Data/secrets/packages.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_16[] = {
#embed "Data/secrets/payments.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_17[] = {
#embed "Data/secrets/slack.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_18[] = {
#embed "Data/secrets/social.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_19[] = {
#embed "Data/secrets/stripe.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_20[] = {
#embed "Data/secrets/urls.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_21[] = {
#embed "Data/secrets/work.table" suffix(, 0) if_empty(0)
};

static const writ_resource resources[] = {
    {"policies/rune-coding.yaml", data_0, sizeof data_0 - 1},
    {"secrets/ai-services.table", data_1, sizeof data_1 - 1},
    {"secrets/amazon.table", data_2, sizeof data_2 - 1},
    {"secrets/anthropic.table", data_3, sizeof data_3 - 1},
    {"secrets/azure.table", data_4, sizeof data_4 - 1},
    {"secrets/cloud.table", data_5, sizeof data_5 - 1},
    {"secrets/generic.table", data_6, sizeof data_6 - 1},
    {"secrets/github.table", data_7, sizeof data_7 - 1},
    {"secrets/gitlab.table", data_8, sizeof data_8 - 1},
    {"secrets/google.table", data_9, sizeof data_9 - 1},
    {"secrets/keys.table", data_10, sizeof data_10 - 1},
    {"secrets/letters.table", data_11, sizeof data_11 - 1},
    {"secrets/messaging.table", data_12, sizeof data_12 - 1},
    {"secrets/observability.table", data_13, sizeof data_13 - 1},
    {"secrets/openai.table", data_14, sizeof data_14 - 1},
    {"secrets/packages.table", data_15, sizeof data_15 - 1},
    {"secrets/payments.table", data_16, sizeof data_16 - 1},
    {"secrets/slack.table", data_17, sizeof data_17 - 1},
    {"secrets/social.table", data_18, sizeof data_18 - 1},
    {"secrets/stripe.table", data_19, sizeof data_19 - 1},
    {"secrets/urls.table", data_20, sizeof data_20 - 1},
    {"secrets/work.table", data_21, sizeof data_21 - 1},
    {0, 0, 0},
};
const size_t writ_resource_count = sizeof resources / sizeof resources[0] - 1;
const writ_resource *writ_resource_at(size_t index) { return &resources[index]; }
