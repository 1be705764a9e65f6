// SPDX-License-Identifier: Apache-2.0
#include "include/cre2.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

struct writ_re2 {
    RE2 pattern;
    writ_re2(const re2::StringPiece &text, const RE2::Options &options) : pattern(text, options) {}
};

extern "C" writ_re2 *writ_re2_compile(
    const char *text, size_t length, uint32_t flags, int64_t memory_limit, char *error, size_t capacity) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(flags & WRIT_RE2_DOT_MATCHES_NEWLINE);
    options.set_case_sensitive(!(flags & WRIT_RE2_CASE_INSENSITIVE));
    options.set_longest_match(flags & WRIT_RE2_LONGEST_MATCH);
    if (flags & WRIT_RE2_LATIN1) options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_max_mem(memory_limit);
    auto *compiled = new (std::nothrow) writ_re2(re2::StringPiece(text, length), options);
    if (compiled != nullptr && compiled->pattern.ok()) return compiled;
    if (capacity > 0) {
        const char *message = compiled == nullptr ? "out of memory" : compiled->pattern.error().c_str();
        std::strncpy(error, message, capacity - 1);
        error[capacity - 1] = 0;
    }
    delete compiled;
    return nullptr;
}

extern "C" void writ_re2_free(writ_re2 *pattern) { delete pattern; }

extern "C" int writ_re2_groups(const writ_re2 *pattern) { return pattern->pattern.NumberOfCapturingGroups(); }

extern "C" bool writ_re2_search(
    const writ_re2 *pattern, const char *text, size_t length, size_t start, size_t end, int64_t *spans, int count) {
    if (start > end || end > length || count < 0) return false;
    constexpr int kInline = 17;
    re2::StringPiece few[kInline];
    std::vector<re2::StringPiece> many;
    re2::StringPiece *groups = few;
    if (count > kInline) {
        many.resize(count);
        groups = many.data();
    }
    if (!pattern->pattern.Match(re2::StringPiece(text, length), start, end, RE2::UNANCHORED, groups, count)) return false;
    for (int i = 0; i < count; i++) {
        if (groups[i].data() == nullptr) {
            spans[2 * i] = spans[2 * i + 1] = -1;
        } else {
            spans[2 * i] = groups[i].data() - text;
            spans[2 * i + 1] = spans[2 * i] + static_cast<int64_t>(groups[i].size());
        }
    }
    return true;
}

extern "C" bool writ_re2_full_match(const writ_re2 *pattern, const char *text, size_t length) {
    return pattern->pattern.Match(re2::StringPiece(text, length), 0, length, RE2::ANCHOR_BOTH, nullptr, 0);
}
