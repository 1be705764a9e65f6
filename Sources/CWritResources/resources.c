// SPDX-License-Identifier: Apache-2.0
// Made by Tools/embed-resources from the files under Data/. Do not edit.
#include "writ_resources.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char data_0[] = {
#embed "Data/agents/amp.ts" suffix(, 0) if_empty(0)
};
static const unsigned char data_1[] = {
#embed "Data/agents/opencode.ts" suffix(, 0) if_empty(0)
};
static const unsigned char data_2[] = {
#embed "Data/code/apex.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_3[] = {
#embed "Data/code/c.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_4[] = {
#embed "Data/code/config.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_5[] = {
#embed "Data/code/csharp.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_6[] = {
#embed "Data/code/go.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_7[] = {
#embed "Data/code/java.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_8[] = {
#embed "Data/code/javascript.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_9[] = {
#embed "Data/code/php.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_10[] = {
#embed "Data/code/python.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_11[] = {
#embed "Data/code/ruby.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_12[] = {
#embed "Data/code/rust.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_13[] = {
#embed "Data/code/scala.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_14[] = {
#embed "Data/code/shell.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_15[] = {
#embed "Data/code/solidity.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_16[] = {
#embed "Data/code/sql.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_17[] = {
#embed "Data/code/swift.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_18[] = {
#embed "Data/code/terraform.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_19[] = {
#embed "Data/index/packages.index" suffix(, 0) if_empty(0)
};
static const unsigned char data_20[] = {
#embed "Data/inspect/agents.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_21[] = {
#embed "Data/inspect/gates.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_22[] = {
#embed "Data/inspect/names.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_23[] = {
#embed "Data/inspect/purposes.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_24[] = {
#embed "Data/models/injection.weights" suffix(, 0) if_empty(0)
};
static const unsigned char data_25[] = {
#embed "Data/models/lexicon.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_26[] = {
#embed "Data/models/skill.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_27[] = {
#embed "Data/policies/default/code.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_28[] = {
#embed "Data/policies/default/content.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_29[] = {
#embed "Data/policies/default/destruction.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_30[] = {
#embed "Data/policies/default/execution.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_31[] = {
#embed "Data/policies/default/exfiltration.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_32[] = {
#embed "Data/policies/default/persistence.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_33[] = {
#embed "Data/policies/default/secrets.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_34[] = {
#embed "Data/policies/default/self-protection.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_35[] = {
#embed "Data/policies/default/system.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_36[] = {
#embed "Data/policies/profiles/production.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_37[] = {
#embed "Data/policies/profiles/work.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_38[] = {
#embed "Data/policies/rune-coding.yaml" suffix(, 0) if_empty(0)
};
static const unsigned char data_39[] = {
#embed "Data/programs/archives.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_40[] = {
#embed "Data/programs/cloud.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_41[] = {
#embed "Data/programs/coreutils.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_42[] = {
#embed "Data/programs/data.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_43[] = {
#embed "Data/programs/git.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_44[] = {
#embed "Data/programs/languages.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_45[] = {
#embed "Data/programs/network.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_46[] = {
#embed "Data/programs/others.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_47[] = {
#embed "Data/programs/packages.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_48[] = {
#embed "Data/programs/shells.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_49[] = {
#embed "Data/programs/system.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_50[] = {
#embed "Data/programs/text.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_51[] = {
#embed "Data/programs/wrappers.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_52[] = {
#embed "Data/secrets/ai-services.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_53[] = {
#embed "Data/secrets/amazon.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_54[] = {
#embed "Data/secrets/anthropic.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_55[] = {
#embed "Data/secrets/azure.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_56[] = {
#embed "Data/secrets/cloud.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_57[] = {
#embed "Data/secrets/generic.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_58[] = {
#embed "Data/secrets/github.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_59[] = {
#embed "Data/secrets/gitlab.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_60[] = {
#embed "Data/secrets/google.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_61[] = {
#embed "Data/secrets/keys.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_62[] = {
#embed "Data/secrets/letters.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_63[] = {
#embed "Data/secrets/messaging.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_64[] = {
#embed "Data/secrets/observability.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_65[] = {
#embed "Data/secrets/openai.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_66[] = {
#embed "Data/secrets/packages.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_67[] = {
#embed "Data/secrets/payments.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_68[] = {
#embed "Data/secrets/slack.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_69[] = {
#embed "Data/secrets/social.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_70[] = {
#embed "Data/secrets/stripe.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_71[] = {
#embed "Data/secrets/urls.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_72[] = {
#embed "Data/secrets/work.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_73[] = {
#embed "Data/shell/config-paths.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_74[] = {
#embed "Data/shell/credential-homes.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_75[] = {
#embed "Data/shell/harmful-words.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_76[] = {
#embed "Data/shell/inline-calls.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_77[] = {
#embed "Data/shell/publishers.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_78[] = {
#embed "Data/shell/secret-paths.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_79[] = {
#embed "Data/shell/settings.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_80[] = {
#embed "Data/shell/variables.table" suffix(, 0) if_empty(0)
};
static const unsigned char data_81[] = {
#embed "Data/supply/modules.txt" suffix(, 0) if_empty(0)
};

static const writ_resource resources[] = {
    {"agents/amp.ts", data_0, sizeof data_0 - 1},
    {"agents/opencode.ts", data_1, sizeof data_1 - 1},
    {"code/apex.table", data_2, sizeof data_2 - 1},
    {"code/c.table", data_3, sizeof data_3 - 1},
    {"code/config.table", data_4, sizeof data_4 - 1},
    {"code/csharp.table", data_5, sizeof data_5 - 1},
    {"code/go.table", data_6, sizeof data_6 - 1},
    {"code/java.table", data_7, sizeof data_7 - 1},
    {"code/javascript.table", data_8, sizeof data_8 - 1},
    {"code/php.table", data_9, sizeof data_9 - 1},
    {"code/python.table", data_10, sizeof data_10 - 1},
    {"code/ruby.table", data_11, sizeof data_11 - 1},
    {"code/rust.table", data_12, sizeof data_12 - 1},
    {"code/scala.table", data_13, sizeof data_13 - 1},
    {"code/shell.table", data_14, sizeof data_14 - 1},
    {"code/solidity.table", data_15, sizeof data_15 - 1},
    {"code/sql.table", data_16, sizeof data_16 - 1},
    {"code/swift.table", data_17, sizeof data_17 - 1},
    {"code/terraform.table", data_18, sizeof data_18 - 1},
    {"index/packages.index", data_19, sizeof data_19 - 1},
    {"inspect/agents.table", data_20, sizeof data_20 - 1},
    {"inspect/gates.table", data_21, sizeof data_21 - 1},
    {"inspect/names.table", data_22, sizeof data_22 - 1},
    {"inspect/purposes.table", data_23, sizeof data_23 - 1},
    {"models/injection.weights", data_24, sizeof data_24 - 1},
    {"models/lexicon.table", data_25, sizeof data_25 - 1},
    {"models/skill.table", data_26, sizeof data_26 - 1},
    {"policies/default/code.yaml", data_27, sizeof data_27 - 1},
    {"policies/default/content.yaml", data_28, sizeof data_28 - 1},
    {"policies/default/destruction.yaml", data_29, sizeof data_29 - 1},
    {"policies/default/execution.yaml", data_30, sizeof data_30 - 1},
    {"policies/default/exfiltration.yaml", data_31, sizeof data_31 - 1},
    {"policies/default/persistence.yaml", data_32, sizeof data_32 - 1},
    {"policies/default/secrets.yaml", data_33, sizeof data_33 - 1},
    {"policies/default/self-protection.yaml", data_34, sizeof data_34 - 1},
    {"policies/default/system.yaml", data_35, sizeof data_35 - 1},
    {"policies/profiles/production.yaml", data_36, sizeof data_36 - 1},
    {"policies/profiles/work.yaml", data_37, sizeof data_37 - 1},
    {"policies/rune-coding.yaml", data_38, sizeof data_38 - 1},
    {"programs/archives.table", data_39, sizeof data_39 - 1},
    {"programs/cloud.table", data_40, sizeof data_40 - 1},
    {"programs/coreutils.table", data_41, sizeof data_41 - 1},
    {"programs/data.table", data_42, sizeof data_42 - 1},
    {"programs/git.table", data_43, sizeof data_43 - 1},
    {"programs/languages.table", data_44, sizeof data_44 - 1},
    {"programs/network.table", data_45, sizeof data_45 - 1},
    {"programs/others.table", data_46, sizeof data_46 - 1},
    {"programs/packages.table", data_47, sizeof data_47 - 1},
    {"programs/shells.table", data_48, sizeof data_48 - 1},
    {"programs/system.table", data_49, sizeof data_49 - 1},
    {"programs/text.table", data_50, sizeof data_50 - 1},
    {"programs/wrappers.table", data_51, sizeof data_51 - 1},
    {"secrets/ai-services.table", data_52, sizeof data_52 - 1},
    {"secrets/amazon.table", data_53, sizeof data_53 - 1},
    {"secrets/anthropic.table", data_54, sizeof data_54 - 1},
    {"secrets/azure.table", data_55, sizeof data_55 - 1},
    {"secrets/cloud.table", data_56, sizeof data_56 - 1},
    {"secrets/generic.table", data_57, sizeof data_57 - 1},
    {"secrets/github.table", data_58, sizeof data_58 - 1},
    {"secrets/gitlab.table", data_59, sizeof data_59 - 1},
    {"secrets/google.table", data_60, sizeof data_60 - 1},
    {"secrets/keys.table", data_61, sizeof data_61 - 1},
    {"secrets/letters.table", data_62, sizeof data_62 - 1},
    {"secrets/messaging.table", data_63, sizeof data_63 - 1},
    {"secrets/observability.table", data_64, sizeof data_64 - 1},
    {"secrets/openai.table", data_65, sizeof data_65 - 1},
    {"secrets/packages.table", data_66, sizeof data_66 - 1},
    {"secrets/payments.table", data_67, sizeof data_67 - 1},
    {"secrets/slack.table", data_68, sizeof data_68 - 1},
    {"secrets/social.table", data_69, sizeof data_69 - 1},
    {"secrets/stripe.table", data_70, sizeof data_70 - 1},
    {"secrets/urls.table", data_71, sizeof data_71 - 1},
    {"secrets/work.table", data_72, sizeof data_72 - 1},
    {"shell/config-paths.table", data_73, sizeof data_73 - 1},
    {"shell/credential-homes.table", data_74, sizeof data_74 - 1},
    {"shell/harmful-words.table", data_75, sizeof data_75 - 1},
    {"shell/inline-calls.table", data_76, sizeof data_76 - 1},
    {"shell/publishers.table", data_77, sizeof data_77 - 1},
    {"shell/secret-paths.table", data_78, sizeof data_78 - 1},
    {"shell/settings.table", data_79, sizeof data_79 - 1},
    {"shell/variables.table", data_80, sizeof data_80 - 1},
    {"supply/modules.txt", data_81, sizeof data_81 - 1},
    {0, 0, 0},
};
const size_t writ_resource_count = sizeof resources / sizeof resources[0] - 1;
const writ_resource *writ_resource_at(size_t index) { return &resources[index]; }
