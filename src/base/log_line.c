/*
 * log — lines as text and as JSON
 *
 * Tornado's line has the module and the line number in its brackets; ours has the logger, which
 * says more where messages come from a library, and the request's id where there is one.
 */
#include "base/log_impl.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/word.h"

static const struct {
    const char *name;
    char letter, color; /* Tornado's: blue, green, yellow, red, magenta */
} levels[] = {
    {"debug", 'D', '4'}, {"info", 'I', '2'},     {"warning", 'W', '3'},
    {"error", 'E', '1'}, {"critical", 'C', '5'},
};

static size_t level_index(gust_log_level level)
{
    size_t i = (unsigned)level < GUST_LOG_DEBUG ? 0 : (unsigned)level / 10 - 1;

    return gu_min(i, gu_countof(levels) - 1);
}

const char *gu_log_level_name(gust_log_level level)
{
    return levels[level_index(level)].name;
}

/* --- escaping --- */

/* Where a byte may stand as it is. */
enum { IN_TEXT = 1, IN_BRACKETS = 2, IN_JSON = 4 };

#define ALL (IN_TEXT | IN_BRACKETS | IN_JSON)
#define ALL_8 ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL

/* Control characters may nowhere, and what is not ASCII is looked at as a whole sequence. */
static const unsigned char plain[256] = {
    /* clang-format off */
    [' '] = ALL, ALL, IN_TEXT | IN_BRACKETS /* " */, ALL, ALL, ALL, ALL, ALL, ALL_8,
    ['0'] = ALL_8, ALL_8,
    ['@'] = ALL_8, ALL_8,
    ['P'] = ALL_8, ALL, ALL, ALL, ALL, IN_TEXT | IN_BRACKETS /* \ */, IN_TEXT | IN_JSON /* ] */,
            ALL, ALL,
    ['`'] = ALL_8, ALL_8,
    ['p'] = ALL_8, ALL, ALL, ALL, ALL, ALL, ALL, ALL,
    /* clang-format on */
};

/* The length of a leading sequence beyond ASCII that can be written as it is; 0 if there is none.
 * Valid UTF-8 can, but for C1's control characters and the line separators, which some terminals
 * and viewers obey. */
static size_t plain_sequence(gust_str s)
{
    const unsigned char *c = (const unsigned char *)s.ptr;
    size_t n = s.len == 0 || c[0] < 0x80 ? 0 : gu_utf8_sequence(s);

    if (n == 2 && c[0] == 0xc2 && c[1] < 0xa0)
        return 0;
    if (n == 3 && c[0] == 0xe2 && c[1] == 0x80 && (c[2] | 1) == 0xa9)
        return 0;
    return n;
}

/* Skips words whose bytes may all stand anywhere. */
static size_t skip_plain(gust_str s, size_t i)
{
    for (; i + 8 <= s.len; i += 8) {
        uint64_t word = gu_word_at(s.ptr + i);

        if ((gu_word_below(word, 0x20) | gu_word_has(word, 0x7f) | (word & GU_WORD_TOPS) |
             gu_word_has(word, '"') | gu_word_has(word, '\\') | gu_word_has(word, ']')) != 0)
            break;
    }
    return i;
}

/* How many leading bytes can be written as they are. */
static size_t plain_prefix(gust_str s, unsigned where)
{
    size_t i = 0, n;

    do {
        i = skip_plain(s, i);
        while (i < s.len && (plain[(unsigned char)s.ptr[i]] & where) != 0)
            i++;
        n = plain_sequence(gu_str(s.ptr + i, s.len - i));
        i += n;
    } while (n > 0);
    return i;
}

static void put_text_byte(struct gu_buf *out, unsigned char c)
{
    char text[4] = {'\\', 'x', gu_hex_digits[c >> 4], gu_hex_digits[c & 15]};

    if (c == '\n')
        gu_buf_puts(out, "\n    "); /* as Tornado: no line of a message begins a record */
    else if (c == '\t')
        gu_buf_putc(out, '\t');
    else
        gu_buf_put(out, text, sizeof text);
}

static void put_json_byte(struct gu_buf *out, unsigned char c)
{
    char text[6] = {'\\', 'u', '0', '0', gu_hex_digits[c >> 4], gu_hex_digits[c & 15]};

    if (c == '"' || c == '\\') {
        gu_buf_putc(out, '\\');
        gu_buf_putc(out, (char)c);
    } else if (c == '\n') {
        gu_buf_puts(out, "\\n");
    } else if (c < 0x80) {
        gu_buf_put(out, text, sizeof text);
    } else {
        gu_buf_puts(out, "\\ufffd");
    }
}

static void put_escaped(struct gu_buf *out, gust_str s, unsigned where,
                        void (*put_byte)(struct gu_buf *, unsigned char))
{
    while (s.len > 0) {
        size_t n = plain_prefix(s, where);

        gu_buf_put(out, s.ptr, n);
        s = gu_str_sub(s, n, GU_NPOS);
        if (s.len > 0) {
            put_byte(out, (unsigned char)s.ptr[0]);
            s = gu_str_sub(s, 1, GU_NPOS);
        }
    }
}

/* --- time --- */

/* YYMMDD HH:MM:SS of local time; broken down once a second. */
static gust_str local_stamp(time_t second)
{
    static char text[] = "000000 00:00:00";
    static time_t cached = -1;
    struct tm tm;

    if (second != cached && localtime_r(&second, &tm) != NULL) {
        gu_fmt_pair(text, (unsigned)tm.tm_year % 100);
        gu_fmt_pair(text + 2, (unsigned)tm.tm_mon + 1);
        gu_fmt_pair(text + 4, (unsigned)tm.tm_mday);
        gu_fmt_pair(text + 7, (unsigned)tm.tm_hour);
        gu_fmt_pair(text + 10, (unsigned)tm.tm_min);
        gu_fmt_pair(text + 13, (unsigned)tm.tm_sec % 100);
        cached = second;
    }
    return gu_str(text, sizeof text - 1);
}

/* YYYY-MM-DDTHH:MM:SS of UTC. */
static gust_str utc_stamp(time_t second)
{
    static char text[] = "0000-00-00T00:00:00";
    static time_t cached = -1;
    struct tm tm;

    if (second != cached && gmtime_r(&second, &tm) != NULL) {
        unsigned year = (unsigned)tm.tm_year + 1900;

        gu_fmt_pair(text, year / 100 % 100);
        gu_fmt_pair(text + 2, year % 100);
        gu_fmt_pair(text + 5, (unsigned)tm.tm_mon + 1);
        gu_fmt_pair(text + 8, (unsigned)tm.tm_mday);
        gu_fmt_pair(text + 11, (unsigned)tm.tm_hour);
        gu_fmt_pair(text + 14, (unsigned)tm.tm_min);
        gu_fmt_pair(text + 17, (unsigned)tm.tm_sec % 100);
        cached = second;
    }
    return gu_str(text, sizeof text - 1);
}

/* --- lines --- */

void gu_log_format_text(struct gu_buf *out, const struct gu_log_record *r, bool in_color)
{
    size_t level = level_index(r->level);

    if (in_color) {
        gu_buf_puts(out, "\x1b[3");
        gu_buf_putc(out, levels[level].color);
        gu_buf_putc(out, 'm');
    }
    gu_buf_putc(out, '[');
    gu_buf_putc(out, levels[level].letter);
    gu_buf_putc(out, ' ');
    gu_buf_put_str(out, local_stamp(r->now.tv_sec));
    gu_buf_putc(out, ' ');
    gu_buf_puts(out, gu_log_logger_name(r->logger));
    if (r->context.len > 0) {
        gu_buf_putc(out, ' ');
        put_escaped(out, r->context, IN_BRACKETS, put_text_byte);
    }
    gu_buf_puts(out, in_color ? "]\x1b[0m " : "] ");
    put_escaped(out, r->message, IN_TEXT, put_text_byte);
    gu_buf_putc(out, '\n');
}

static void put_member(struct gu_buf *out, gust_str name, gust_str value)
{
    gu_buf_put_str(out, name);
    put_escaped(out, value, IN_JSON, put_json_byte);
    gu_buf_putc(out, '"');
}

void gu_log_format_json(struct gu_buf *out, const struct gu_log_record *r)
{
    unsigned ms = (unsigned)(r->now.tv_nsec / 1000000);

    gu_buf_puts(out, "{\"time\":\"");
    gu_buf_put_str(out, utc_stamp(r->now.tv_sec));
    gu_buf_putc(out, '.');
    gu_buf_putc(out, (char)('0' + ms / 100 % 10));
    gu_buf_put(out, gu_digit_pairs + (size_t)2 * (ms % 100), 2);
    gu_buf_puts(out, "Z\"");
    put_member(out, GU_STR(",\"level\":\""), gust_str_from(gu_log_level_name(r->level)));
    put_member(out,
               r->logger < GU_N_OWN_LOGGERS ? GU_STR(",\"logger\":\"gust.")
                                            : GU_STR(",\"logger\":\""),
               gust_str_from(gu_log_logger_name(r->logger)));
    if (r->context.len > 0)
        put_member(out, GU_STR(",\"request\":\""), r->context);
    put_member(out, GU_STR(",\"message\":\""), r->message);
    if (r->members.len > 0) {
        gu_buf_putc(out, ',');
        gu_buf_put_str(out, r->members);
    }
    gu_buf_puts(out, "}\n");
}
