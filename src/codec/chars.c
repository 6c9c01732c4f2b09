/*
 * chars — which bytes may stand where
 *
 * The classes are written as rules and turned into the table by the preprocessor.
 */
#include "codec/chars.h"

#define ALNUM(c) \
    (((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z'))
#define HEX(c) \
    (((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'F') || ((c) >= 'a' && (c) <= 'f'))
#define BLANK(c) ((c) == ' ' || (c) == '\t')
#define TEXT(c) ((c) == '\t' || ((c) >= 0x20 && (c) != 0x7f))
#define TOKEN(c)                                                                          \
    (ALNUM(c) || (c) == '!' || (c) == '#' || (c) == '$' || (c) == '%' || (c) == '&' ||    \
     (c) == '\'' || (c) == '*' || (c) == '+' || (c) == '-' || (c) == '.' || (c) == '^' || \
     (c) == '_' || (c) == '`' || (c) == '|' || (c) == '~')
#define URL(c) (ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~')
#define COOKIE(c) (TOKEN(c) || (c) == ':')

#define ONE(c)                                                                                    \
    ((TOKEN(c) ? GU_CHAR_TOKEN : 0) | (TEXT(c) ? GU_CHAR_TEXT : 0) | (URL(c) ? GU_CHAR_URL : 0) | \
     (COOKIE(c) ? GU_CHAR_COOKIE : 0) | (HEX(c) ? GU_CHAR_HEX : 0) |                              \
     (ALNUM(c) ? GU_CHAR_ALNUM : 0) | (BLANK(c) ? GU_CHAR_BLANK : 0))
#define FOUR(c) ONE(c), ONE((c) + 1), ONE((c) + 2), ONE((c) + 3)
#define SIXTEEN(c) FOUR(c), FOUR((c) + 4), FOUR((c) + 8), FOUR((c) + 12)
#define SIXTY_FOUR(c) SIXTEEN(c), SIXTEEN((c) + 16), SIXTEEN((c) + 32), SIXTEEN((c) + 48)

const uint8_t gu_chars[256] = {SIXTY_FOUR(0), SIXTY_FOUR(64), SIXTY_FOUR(128), SIXTY_FOUR(192)};
