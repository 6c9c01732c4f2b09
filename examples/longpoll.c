/*
 * longpoll — a chat room by long polling
 *
 * A client asks for what is newer than the last message it knows; the request waits until there is
 * something. Follows Tornado's chat demo, with JSON.
 *
 *     ./dev run longpoll                                        then open it in two windows, or:
 *     curl 'localhost:8888/messages?since=0'                    waits, in one terminal
 *     curl -d 'text=hello there' localhost:8888/messages        in another
 */
#include <gust.h>
#include <inttypes.h>
#include <stdlib.h>

#define N_KEPT 200
#define LONGEST 1000  /* bytes of a message */
#define PATIENCE 50.0 /* seconds until a poll is answered with nothing: what is idle gets cut */

/* The messages of this process; that is why there is only one worker. */
struct room {
    char *texts[N_KEPT]; /* message `id` is at id % N_KEPT; on the heap */
    int64_t last;        /* the newest one's id; they begin at 1 */
    gust_cond said;
};

/* --- reading --- */

/* Answers with all messages from `first` on. */
static int answer_from(gust_request *r, const struct room *room, int64_t first)
{
    size_t n = (size_t)(room->last - first + 1);
    gust_value *messages = gust_alloc((n + 1) * sizeof *messages);

    for (size_t i = 0; i < n; i++) {
        int64_t id = first + (int64_t)i;
        gust_kv *message = gust_alloc(3 * sizeof *message);

        message[0] = (gust_kv){"id", GUST_V(id)};
        message[1] = (gust_kv){"text", GUST_V(room->texts[id % N_KEPT])};
        message[2] = (gust_kv){0};
        messages[i] = GUST_V(message);
    }
    gust_set_header(r, "Cache-Control", "no-store");
    return gust_json(r, GUST_VARS({"messages", gust_value_list(messages, (uint32_t)n)},
                                  {"last", GUST_V(room->last)}));
}

static int messages_get(gust_request *r)
{
    struct room *room = gust_data(r);
    int64_t since = gust_get_int(r, "since", 0, 0, INT64_MAX);
    int err = 0;

    if (since > room->last) /* known from before a restart */
        since = 0;
    GUST_DEADLINE(PATIENCE);
    while (err == 0 && room->last == since)
        err = gust_cond_wait(&room->said);
    if (err < 0 && err != -ETIMEDOUT)
        return err;
    if (since < room->last - N_KEPT)
        since = room->last - N_KEPT;
    return answer_from(r, room, since + 1);
}

/* --- writing --- */

static int messages_post(gust_request *r)
{
    struct room *room = gust_data(r);
    gust_str text = gust_str_from(gust_need_argument(r, "text"));
    char **place = &room->texts[(room->last + 1) % N_KEPT], *copy;

    if (text.len == 0 || text.len > LONGEST)
        gust_invalid(r, "text", "between 1 and %d bytes, please", LONGEST);
    gust_check_valid(r);
    copy = gust_heap_strdup(text.ptr);
    if (copy == NULL)
        return -ENOMEM;
    gust_heap_free(*place);
    *place = copy;
    room->last++;
    gust_cond_notify_all(&room->said);
    gust_set_status(r, 201);
    return gust_json(r, GUST_VARS({"id", GUST_V(room->last)}));
}

/* --- the page --- */

static const char page[] =
    "<!DOCTYPE html>\n"
    "<html lang=en><meta charset=utf-8><title>Chat</title>\n"
    "<meta name=viewport content='width=device-width, initial-scale=1'>\n"
    "<link rel=icon href='data:,'>\n"
    "<style>\n"
    ":root { color-scheme: light dark }\n"
    "body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 2rem auto;\n"
    "       padding: 0 1rem }\n"
    "ol { list-style: none; padding: 0 } li { padding: .3rem 0; overflow-wrap: anywhere }\n"
    "form { display: flex; gap: .5rem } input { flex: 1 } input, button { font: inherit }\n"
    "</style>\n"
    "<h1>Chat</h1><ol></ol>\n"
    "<form><input name=text maxlength=250 required autofocus aria-label=Message>\n"
    "<button>Say</button></form>\n"
    "<script>\n"
    "const form = document.forms[0], list = document.querySelector('ol')\n"
    "form.onsubmit = async event => {\n"
    "  event.preventDefault()\n"
    "  const said = new URLSearchParams(new FormData(form))\n"
    "  if ((await fetch('/messages', {method: 'POST', body: said})).ok) form.reset()\n"
    "}\n"
    "async function listen(since) {\n"
    "  try {\n"
    "    const {messages, last} = await (await fetch('/messages?since=' + since)).json()\n"
    "    for (const {text} of messages)\n"
    "      list.appendChild(document.createElement('li')).textContent = text\n"
    "    listen(last)\n"
    "  } catch { setTimeout(listen, 2000, since) }\n"
    "}\n"
    "listen(0)\n"
    "</script>\n";

static int page_get(gust_request *r)
{
    gust_html(r, page);
    return 0;
}

/* --- the application --- */

static const gust_handler messages = {
    .get = messages_get,
    .post = messages_post,
    .flags = GUST_CANCEL_ON_CLOSE | GUST_CANCEL_ON_DRAIN,
    .max_body_size = 64 * 1024,
};

static int on_start(gust_app *app)
{
    struct room *room = calloc(1, sizeof *room);

    gust_app_set_data(app, room);
    return room == NULL ? -ENOMEM : 0;
}

static void on_stop(gust_app *app)
{
    struct room *room = gust_app_data(app);

    for (int i = 0; room != NULL && i < N_KEPT; i++)
        gust_heap_free(room->texts[i]);
    free(room);
}

int main(int argc, char **argv)
{
    static const gust_route routes[] = {
        {.path = "/", .get = page_get},
        {.path = "/messages", .handler = &messages},
        {0},
    };

    return gust_app_main(
        &(gust_app_options){
            .routes = routes,
            .on_start = on_start,
            .on_stop = on_stop,
            .max_workers = 1,
        },
        argc, argv);
}
