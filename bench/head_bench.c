/*
 * head_bench — nanoseconds for a head, in every version of the parser
 *
 * A load generator's head of 164 bytes and a browser's of 744, best of five rounds. Usage:
 * head_bench [ROUNDS]
 */
#include "codec/head_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TURNS 200000

static const char load_head[] = "GET /plaintext HTTP/1.1\r\n"
                                "Host: 127.0.0.1:8080\r\n"
                                "User-Agent: load/1.0 (Linux x86_64)\r\n"
                                "Accept: text/plain,text/html;q=0.9,*/*;q=0.8\r\nX: 123\r\n"
                                "Connection: keep-alive\r\n"
                                "\r\n";

static const char browser_head[] =
    "GET /story/20261120?page=2&sort=newest HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    "*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=2|1:0|10:1700000000|4:user|8:YWxpY2U=|0f1e2d3c4b5a69788796a5b4c3d2e1f0aab\r\n"
    "\r\n";

/* The processor time of this program, so that what else runs beside it does not count. */
static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double ns_per_head(const struct gu_head_version *version, gust_str text)
{
    static struct gu_head head;
    struct gu_head_resume resume = {0};
    const char *error = NULL;
    double start = now();

    for (int i = 0; i < TURNS; i++)
        if (gu_head_parse_with(version, false, text, 100, &resume, &head, &error) != GU_HEAD_DONE) {
            fprintf(stderr, "head_bench: %s\n", error);
            exit(1);
        }
    return (now() - start) / TURNS;
}

static double best_of(int rounds, const struct gu_head_version *version, gust_str text)
{
    double best = ns_per_head(version, text);

    for (int i = 1; i < rounds; i++) {
        double ns = ns_per_head(version, text);

        best = ns < best ? ns : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    static char padded[2][1024]; /* with room for the padding */
    int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5;
    gust_str load = {memcpy(padded[0], load_head, sizeof load_head), sizeof load_head - 1};
    gust_str browser = {memcpy(padded[1], browser_head, sizeof browser_head),
                        sizeof browser_head - 1};

    for (size_t i = 0; gu_head_versions[i] != NULL; i++) {
        const struct gu_head_version *v = gu_head_versions[i];

        if (v->is_supported != NULL && !v->is_supported())
            printf("%-7s not on this processor\n", v->name);
        else
            printf("%-7s %zu bytes %6.1f ns   %zu bytes %6.1f ns\n", v->name, load.len,
                   best_of(rounds, v, load), browser.len, best_of(rounds, v, browser));
    }
    return 0;
}
