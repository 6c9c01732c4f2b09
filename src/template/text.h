/*
 * text — strings as Python sees them: by code points
 *
 * Text is UTF-8, and most of it ASCII. What is not well formed counts a character a byte.
 */
#ifndef GU_TEMPLATE_TEXT_H
#define GU_TEMPLATE_TEXT_H

#include "base/buf.h"
#include "base/str.h"

/* The character at the front of what lies between `at` and `end`, which is not empty, and how many
 * bytes it has. A byte that begins none is a character above GU_TEXT_BYTE. */
#define GU_TEXT_BYTE 0x110000u
size_t gu_text_decode(const char *at, const char *end, uint32_t *c);

/* Puts a character; one from GU_TEXT_BYTE on is a byte again. */
void gu_text_encode(struct gu_buf *b, uint32_t c);

bool gu_text_is_ascii(gust_str s);

/* How many characters. */
size_t gu_text_len(gust_str s);

/* Where the n-th character begins, s.len beyond the last. */
size_t gu_text_offset(gust_str s, size_t n);

/* Python's str.isspace() of a character, which is also \s of its patterns. */
bool gu_text_is_space(uint32_t c);

/* Without the space at its ends; which ends, by GU_LEFT and GU_RIGHT. */
enum { GU_LEFT = 1, GU_RIGHT = 2 };
gust_str gu_text_strip(gust_str s, unsigned ends);

/* The same for the characters of a set. */
gust_str gu_text_strip_set(gust_str s, gust_str set, unsigned ends);

/* Letters of the scripts that have case: Latin, Greek, Cyrillic, Armenian and others whose mapping
 * is one to one. What is no letter maps to itself. */
uint32_t gu_text_upper(uint32_t c);
uint32_t gu_text_lower(uint32_t c);

#endif
