/*
 * net — the streams' part of a loop
 */
#include "base/alloc.h"
#include "net/memory.h"
#include "net/net_impl.h"
#include "net/pull_impl.h"
#include "net/resolver.h"
#include "net/stream_impl.h"
#include "net/subprocess.h"
#include "net/tls.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* In pages of their own, which nothing backs until they are touched. */
static char *buffer_new(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static void net_free(struct gu_room *room)
{
    struct gu_net *net = gu_container_of(room, struct gu_net, room);

    gu_children_close(net);
    gu_pull_drop_closing(net);
    gu_memory_free(net);
    gu_resolver_free(net->resolver);
    gu_tls_shared_free(net);
    if (net->in != NULL)
        munmap(net->in, GU_NET_IN + GU_NET_PADDING);
    if (net->out != NULL)
        munmap(net->out, GU_NET_OUT);
    if (net->reserve >= 0)
        close(net->reserve);
    gu_free(net);
}

struct gu_net *gu_net_of(struct gust_loop *loop)
{
    struct gu_net *net;

    if (gu_likely(loop->rooms[GU_ROOM_NET] != NULL))
        return gu_container_of(loop->rooms[GU_ROOM_NET], struct gu_net, room);
    net = gu_alloc0(sizeof *net);
    if (net == NULL)
        return NULL;
    net->room.free = net_free;
    net->loop = loop;
    gu_list_init(&net->closing);
    gu_list_init(&net->children);
    net->uncork.run = gu_net_uncork;
    net->max_queue = (size_t)16 << 20;
    net->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    net->in = buffer_new(GU_NET_IN + GU_NET_PADDING);
    net->out = buffer_new(GU_NET_OUT);
    if (net->in == NULL || net->out == NULL) {
        net_free(&net->room);
        return NULL;
    }
    loop->rooms[GU_ROOM_NET] = &net->room;
    return net;
}
