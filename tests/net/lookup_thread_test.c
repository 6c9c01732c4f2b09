/*
 * lookup — the system is asked once for all who wait for a name
 *
 * getaddrinfo() hangs until the test lets it go, and is counted.
 */
#include "base/alloc.h"
#include "base/gu.h"
#include "test.h"
#include <gust.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>

#define N 100

static atomic_int n_asked;
static sem_t began, go_on;

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
void __wrap_freeaddrinfo(struct addrinfo *list);

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found)
{
    static _Thread_local struct sockaddr_in address;
    static _Thread_local struct addrinfo info;

    (void)service;
    (void)hints;
    atomic_fetch_add(&n_asked, 1);
    sem_post(&began);
    sem_wait(&go_on);
    address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    info = (struct addrinfo){
        .ai_family = AF_INET, .ai_addr = (void *)&address, .ai_addrlen = sizeof address};
    *found = &info;
    return strncmp(host, "gone", 4) == 0 ? EAI_NONAME : 0;
}

void __wrap_freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

/* --- many who ask --- */

static int results[N];
static const char *name;
static size_t n_done;

static void ask(void *arg)
{
    const char *addresses[GUST_RESOLVE_MAX];
    int *result = arg;

    *result = gust_resolve(name, 80, (result - results) % 2 == 0 ? 0 : AF_INET, addresses);
    if (*result > 0)
        assert_string_equal(addresses[0], "127.0.0.1:80");
    n_done++;
}

static void begin(gust_task *tasks[N], const char *host)
{
    name = host;
    n_done = 0;
    atomic_store(&n_asked, 0);
    for (size_t i = 0; i < N; i++) {
        results[i] = 1000;
        tasks[i] = gust_go(ask, &results[i], NULL);
        assert_non_null(tasks[i]);
    }
    gust_yield();
    sem_wait(&began);
    sem_wait(&began);
}

static void wait_for(size_t n)
{
    while (n_done < n)
        gust_yield();
}

/* Two families are two questions. */
static int ask_many(void *arg)
{
    gust_task *tasks[N];
    int expected = strncmp(arg, "gone", 4) == 0 ? -GUST_ENOHOST : 1;

    begin(tasks, arg);
    assert_int_equal(n_done, 0);
    sem_post(&go_on);
    sem_post(&go_on);
    wait_for(N);
    assert_int_equal(atomic_load(&n_asked), 2);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(results[i], expected);
    return 0;
}

static void set_up(void)
{
    assert_int_equal(sem_init(&began, 0, 0), 0);
    assert_int_equal(sem_init(&go_on, 0, 0), 0);
}

TEST(a_hundred_who_ask_are_one_question)
{
    set_up();
    assert_int_equal(gust_run(ask_many, (void *)(uintptr_t) "here.test"), 0);
}

TEST(they_are_all_told_that_there_is_none)
{
    set_up();
    assert_int_equal(gust_run(ask_many, (void *)(uintptr_t) "gone.test"), 0);
}

/* --- who leaves --- */

/* The first, who made the question, and every third. */
static int leave_some(void *arg)
{
    gust_task *tasks[N];
    size_t n_left = 0;

    (void)arg;
    begin(tasks, "here.test");
    for (size_t i = 0; i < N; i += 3, n_left++)
        gust_cancel(tasks[i]);
    wait_for(n_left);
    sem_post(&go_on);
    sem_post(&go_on);
    wait_for(N);
    assert_int_equal(atomic_load(&n_asked), 2);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(results[i], i % 3 == 0 ? -ECANCELED : 1);
    return 0;
}

TEST(who_leaves_leaves_the_others_in_line)
{
    set_up();
    assert_int_equal(gust_run(leave_some, NULL), 0);
}

/* All leave; who comes before the answer finds the question asked. */
static int leave_and_come_back(void *arg)
{
    gust_task *tasks[N];
    int late = 0;

    (void)arg;
    begin(tasks, "here.test");
    for (size_t i = 0; i < N; i++)
        gust_cancel(tasks[i]);
    wait_for(N);
    results[0] = late;
    assert_non_null(gust_go(ask, &results[0], NULL));
    gust_yield();
    sem_post(&go_on);
    sem_post(&go_on);
    wait_for(N + 1);
    assert_int_equal(results[0], 1);
    assert_int_equal(atomic_load(&n_asked), 2);
    return 0;
}

TEST(a_question_that_all_have_left_is_there_for_the_next)
{
    set_up();
    assert_int_equal(gust_run(leave_and_come_back, NULL), 0);
}

/* The loop ends while the system is asked. */
static int leave_for_good(void *arg)
{
    gust_task *tasks[N];

    (void)arg;
    begin(tasks, "here.test");
    for (size_t i = 0; i < N; i++)
        gust_cancel(tasks[i]);
    wait_for(N);
    sem_post(&go_on);
    sem_post(&go_on);
    return 0;
}

TEST(a_loop_may_end_before_the_answer)
{
    set_up();
    assert_int_equal(gust_run(leave_for_good, NULL), 0);
}

/* --- the pool is busy --- */

/* With one thread, which the first family's question has, the second's is still in the queue. */
static int leave_the_queue(void *arg)
{
    gust_task *tasks[2];

    (void)arg;
    assert_int_equal(gust_executor_configure(&(gust_executor_options){.threads = 1}), 0);
    name = "here.test";
    n_done = 0;
    atomic_store(&n_asked, 0);
    for (size_t i = 0; i < 2; i++)
        tasks[i] = gust_go(ask, &results[i], NULL);
    gust_yield();
    sem_wait(&began);
    gust_cancel(tasks[1]);
    wait_for(1);
    assert_int_equal(results[1], -ECANCELED);
    sem_post(&go_on);
    wait_for(2);
    assert_int_equal(results[0], 1);
    assert_int_equal(atomic_load(&n_asked), 1);
    return 0;
}

TEST(a_question_that_was_not_asked_yet_is_taken_back)
{
    set_up();
    assert_int_equal(gust_run(leave_the_queue, NULL), 0);
}
