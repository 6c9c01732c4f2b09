/*
 * date — HTTP dates
 *
 * Days are counted from 0000-03-01, so that a leap day is the last of its year (H. Hinnant's
 * "chrono-compatible low-level date algorithms").
 *
 * The forms are read by a pattern of one letter a field, which is all that differs between them.
 */
#include "codec/date.h"
#include "base/fmt.h"
#include "base/str.h"

#define DAY 86400
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

static const char day_names[] = "ThuFriSatSunMonTueWed"; /* the epoch was a Thursday */
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static const gust_str long_days[] = {
    GU_STR_INIT("Monday"),   GU_STR_INIT("Tuesday"), GU_STR_INIT("Wednesday"),
    GU_STR_INIT("Thursday"), GU_STR_INIT("Friday"),  GU_STR_INIT("Saturday"),
    GU_STR_INIT("Sunday"),
};

struct civil {
    int year, month, day, hour, minute, second; /* month from 1 */
};

/* --- the calendar --- */

static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - EPOCH_DAYS;
}

/* Of days that are not before 1970. */
static struct civil civil_from_days(int days)
{
    int z = days + EPOCH_DAYS;
    int era = z / 146097;
    int day_of_era = z - era * 146097;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;
    int month = march_month < 10 ? march_month + 3 : march_month - 9;

    return (struct civil){
        .year = year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * march_month + 2) / 5 + 1,
    };
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* A leap second is read as the first of the next minute. */
static bool is_valid(const struct civil *c)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int length = lengths[c->month - 1] + (c->month == 2 && is_leap(c->year));

    return c->day >= 1 && c->day <= length && c->hour < 24 && c->minute < 60 && c->second <= 60;
}

static int64_t to_seconds(const struct civil *c)
{
    return days_from_civil(c->year, c->month, c->day) * DAY + c->hour * 3600 + c->minute * 60 +
           c->second;
}

/* --- formatting --- */

static void put_two(char *to, int value)
{
    gu_fmt_pair(to, (unsigned)value);
}

static void put_name(char *to, const char *names, int index)
{
    memcpy(to, names + 3 * index, 3);
}

void gu_date_format(char out[GU_DATE_LEN + 1], int64_t seconds)
{
    int64_t t = seconds < 0 ? 0 : seconds > GU_DATE_MAX ? GU_DATE_MAX : seconds;
    int days = (int)(t / DAY), rest = (int)(t % DAY);
    struct civil c = civil_from_days(days);

    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", GU_DATE_LEN + 1);
    put_name(out, day_names, days % 7);
    put_two(out + 5, c.day);
    put_name(out + 8, month_names, c.month - 1);
    put_two(out + 12, c.year / 100);
    put_two(out + 14, c.year % 100);
    put_two(out + 17, rest / 3600);
    put_two(out + 20, rest / 60 % 60);
    put_two(out + 23, rest % 60);
}

/* --- parsing --- */

/* The index of the three letters at `text` in a string of names, -1 if they are none of them. */
static int find_name(const char *text, const char *names)
{
    for (int i = 0; names[3 * i] != '\0'; i++)
        if (memcmp(text, names + 3 * i, 3) == 0)
            return i;
    return -1;
}

/* Reads `n` digits, the first of which may be a space if `padded`; -1 if they are not. */
static int read_digits(const char *text, int n, bool padded)
{
    int value = 0;

    for (int i = 0; i < n; i++) {
        char c = padded && i == 0 && text[0] == ' ' ? '0' : text[i];

        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

/*
 * A pattern has a letter for each byte of the text: D the name of a day, N of a month, d the day
 * (p: or padded with a space), y Y the year of two or four digits, h m s the time; any other byte
 * stands for itself. A field begins at the first of its letters.
 */
static const char field_letters[] = "DNdpyYhms";

static int *field_of(struct civil *c, char kind)
{
    switch (kind) {
    case 'y':
    case 'Y':
        return &c->year;
    case 'h':
        return &c->hour;
    case 'm':
        return &c->minute;
    case 's':
        return &c->second;
    default:
        return &c->day;
    }
}

static bool read_field(struct civil *c, char kind, const char *text)
{
    if (kind == 'D')
        return find_name(text, day_names) >= 0;
    if (kind == 'N')
        return (c->month = find_name(text, month_names) + 1) > 0;
    return (*field_of(c, kind) = read_digits(text, kind == 'Y' ? 4 : 2, kind == 'p')) >= 0;
}

static bool read_pattern(gust_str text, const char *pattern, struct civil *c)
{
    size_t len = strlen(pattern);

    if (text.len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (strchr(field_letters, pattern[i]) == NULL) {
            if (text.ptr[i] != pattern[i])
                return false;
        } else if (i == 0 || pattern[i] != pattern[i - 1]) {
            if (!read_field(c, pattern[i], text.ptr + i))
                return false;
        }
    }
    return is_valid(c);
}

/* RFC 850's form behind the name of the day. */
static bool read_rfc850(gust_str text, int64_t now, struct civil *c)
{
    gust_str day;
    int this_year;

    if (!gu_str_split(&text, ',', &day) || text.ptr == NULL)
        return false;
    for (size_t i = 0; !gu_str_eq(day, long_days[i]); i++)
        if (i + 1 == gu_countof(long_days))
            return false;
    if (!read_pattern(text, " dd-NNN-yy hh:mm:ss GMT", c))
        return false;
    this_year = civil_from_days((int)(now / DAY)).year;
    c->year += this_year / 100 * 100;
    if (c->year > this_year + 50)
        c->year -= 100;
    return is_valid(c);
}

int gu_date_parse(gust_str text, int64_t now, int64_t *seconds)
{
    struct civil c = {0};

    if (!read_pattern(text, "DDD, dd NNN YYYY hh:mm:ss GMT", &c) &&
        !read_pattern(text, "DDD NNN pp hh:mm:ss YYYY", &c) && !read_rfc850(text, now, &c))
        return -GUST_ESYNTAX;
    *seconds = to_seconds(&c);
    return 0;
}
