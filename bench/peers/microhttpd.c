/*
 * microhttpd — GNU libmicrohttpd as a peer: one epoll thread, one fixed body
 *
 *     microhttpd PORT BODY
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct MHD_Response *response;

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *body,
                              size_t *body_size, void **state)
{
    (void)cls, (void)url, (void)method, (void)version, (void)body, (void)body_size;
    if (*state == NULL) { /* the head alone: an answer given now would close the connection */
        *state = response;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

int main(int argc, char **argv)
{
    struct MHD_Daemon *daemon;

    if (argc != 3) {
        fputs("usage: microhttpd PORT BODY\n", stderr);
        return 2;
    }
    response = MHD_create_response_from_buffer(strlen(argv[2]), argv[2], MHD_RESPMEM_PERSISTENT);
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO,
                              (unsigned short)strtoul(argv[1], NULL, 10), NULL, NULL, &answer, NULL,
                              MHD_OPTION_CONNECTION_LIMIT, 19000U, MHD_OPTION_END);
    if (response == NULL || daemon == NULL)
        return 1;
    for (;;)
        pause();
}
