/*
 * http — what the connections of a loop share
 */
#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "http/http_impl.h"
#include <gust/client.h>
#include <time.h>

static void http_free(struct gu_room *room)
{
    struct gu_http *http = gu_container_of(room, struct gu_http, room);

    gust_httpclient_free(http->client);
    gu_conn_pool_free(http);
    gu_free(http);
}

struct gu_http *gu_http_of(struct gust_loop *loop)
{
    struct gu_http *http;

    if (loop->rooms[GU_ROOM_HTTP] != NULL)
        return gu_container_of(loop->rooms[GU_ROOM_HTTP], struct gu_http, room);
    http = gu_alloc0(sizeof *http);
    if (http == NULL)
        return NULL;
    http->room.free = http_free;
    http->loop = loop;
    http->net = gu_net_of(loop);
    http->tasks = gu_tasks_of(loop);
    if (http->net == NULL || http->tasks == NULL) {
        gu_free(http);
        return NULL;
    }
    loop->rooms[GU_ROOM_HTTP] = &http->room;
    return http;
}

const char *gu_http_renew_date(struct gu_http *http)
{
    struct timespec now;
    char *value;

    clock_gettime(CLOCK_REALTIME, &now);
    value = GU_PUT(http->date, "Date: ");
    gu_date_format(value, now.tv_sec);
    memcpy(value + GU_DATE_LEN, "\r\n", sizeof "\r\n");
    http->date_until = http->loop->now + GU_SECOND - now.tv_nsec;
    return http->date;
}
