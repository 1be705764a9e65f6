// SPDX-License-Identifier: Apache-2.0
// RE2 for Swift: compile once, search many times, linear in the text. No exception leaves these functions.
#ifndef WRIT_CRE2_H
#define WRIT_CRE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct writ_re2 writ_re2;

enum {
    WRIT_RE2_DOT_MATCHES_NEWLINE = 1 << 0,
    WRIT_RE2_CASE_INSENSITIVE = 1 << 1,
    WRIT_RE2_LONGEST_MATCH = 1 << 2,
    // Bytes, not UTF-8: `.` is one byte. For content of unknown encoding.
    WRIT_RE2_LATIN1 = 1 << 3,
};

// Compiles a pattern. On failure returns NULL and writes a message of at most capacity - 1 bytes to error.
// memory_limit bounds the compiled program and its DFA cache, in bytes.
writ_re2 *writ_re2_compile(const char *pattern, size_t length, uint32_t flags, int64_t memory_limit, char *error, size_t capacity);
void writ_re2_free(writ_re2 *pattern);
// Number of capturing groups.
int writ_re2_groups(const writ_re2 *pattern);
// Searches text[start, end) with the context of the whole text. spans gets 2 * count offsets: whole match first, then
// groups; -1 where a group took no part. Thread-safe.
bool writ_re2_search(const writ_re2 *pattern, const char *text, size_t length, size_t start, size_t end, int64_t *spans, int count);
// The whole text[0, length) matches.
bool writ_re2_full_match(const writ_re2 *pattern, const char *text, size_t length);

#ifdef __cplusplus
}
#endif
#endif
