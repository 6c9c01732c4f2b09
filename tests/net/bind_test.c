/*
 * bind — addresses as text, and listening sockets
 */
#include "net/address.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- text --- */

TEST(an_address_is_read_and_shown_in_one_form)
{
    static const struct {
        const char *text;
        int n; /* how many addresses, or the error */
        const char *shown[2];
        const char *host;
    } cases[] = {
        {"8888", 2, {"0.0.0.0:8888", "[::]:8888"}, "0.0.0.0"},
        {":8888", 2, {"0.0.0.0:8888", "[::]:8888"}, "0.0.0.0"},
        {"0", 2, {"0.0.0.0:0", "[::]:0"}, "0.0.0.0"},
        {"65535", 2, {"0.0.0.0:65535", "[::]:65535"}, "0.0.0.0"},
        {"127.0.0.1:80", 1, {"127.0.0.1:80"}, "127.0.0.1"},
        {"[::1]:80", 1, {"[::1]:80"}, "::1"},
        {"[2001:DB8:0:0::7]:80", 1, {"[2001:db8::7]:80"}, "2001:db8::7"},
        {"[::ffff:10.1.2.3]:80", 1, {"10.1.2.3:80"}, "10.1.2.3"},
        {"[fe80::1%lo]:80", 1, {"[fe80::1%1]:80"}, "fe80::1%1"},
        {"localhost:80", 2, {"127.0.0.1:80", "[::1]:80"}, "127.0.0.1"},
        {"LocalHost:80", 2, {"127.0.0.1:80", "[::1]:80"}, "127.0.0.1"},
        {"unix:/run/gust.sock", 1, {"unix:/run/gust.sock"}, "unix"},
        {"unix:relative", 1, {"unix:relative"}, "unix"},
        {"unix:@gust", 1, {"unix:@gust"}, "unix"},
        {"", -EINVAL, {NULL}, NULL},
        {":", -EINVAL, {NULL}, NULL},
        {"65536", -EINVAL, {NULL}, NULL},
        {"+80", -EINVAL, {NULL}, NULL},
        {"80 ", -EINVAL, {NULL}, NULL},
        {"127.0.0.1", -EINVAL, {NULL}, NULL},
        {"127.0.0.1:", -EINVAL, {NULL}, NULL},
        {"127.1:80", -EINVAL, {NULL}, NULL},
        {"127.0.0.01:80", -EINVAL, {NULL}, NULL},
        {"example.com:80", -EINVAL, {NULL}, NULL},
        {"::1:80", -EINVAL, {NULL}, NULL},
        {"[::1]", -EINVAL, {NULL}, NULL},
        {"[::1]80", -EINVAL, {NULL}, NULL},
        {"[]:80", -EINVAL, {NULL}, NULL},
        {"[127.0.0.1]:80", -EINVAL, {NULL}, NULL},
        {"[::1%]:80", -EINVAL, {NULL}, NULL},
        {"[fe80::1%no-such-interface]:80", -EINVAL, {NULL}, NULL},
        {"[fe80::1%nosuch]:80", -ENODEV, {NULL}, NULL},
        {"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]:80", -EINVAL, {NULL}, NULL},
        {"unix:", -EINVAL, {NULL}, NULL},
        {"unix:@", -EINVAL, {NULL}, NULL},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_address list[GUST_BIND_MAX];
        char text[GUST_ADDRESS_TEXT];

        TEST_CASE(cases[i].text);
        assert_int_equal(gu_address_parse(cases[i].text, list), cases[i].n);
        for (int n = 0; n < cases[i].n; n++) {
            size_t len = gu_address_format(&list[n].as.any, list[n].len, text);

            assert_string_equal(text, cases[i].shown[n]);
            assert_int_equal(len, strlen(text));
        }
        if (cases[i].n > 0) {
            gu_address_format_host(&list[0].as.any, text);
            assert_string_equal(text, cases[i].host);
        }
    }
}

TEST(a_unix_path_may_be_as_long_as_the_system_takes)
{
    struct gu_address list[GUST_BIND_MAX];
    char text[GUST_ADDRESS_TEXT], shown[GUST_ADDRESS_TEXT];
    size_t longest = sizeof list[0].as.un.sun_path - 1;

    memset(text, 'x', sizeof text);
    memcpy(text, "unix:", 5);
    text[5 + longest] = '\0';
    assert_int_equal(gu_address_parse(text, list), 1);
    gu_address_format(&list[0].as.any, list[0].len, shown);
    assert_string_equal(shown, text);
    text[5] = '@';
    assert_int_equal(gu_address_parse(text, list), 1);
    gu_address_format(&list[0].as.any, list[0].len, shown);
    assert_string_equal(shown, text);
    text[5 + longest] = 'x';
    text[5 + longest + 1] = '\0';
    assert_int_equal(gu_address_parse(text, list), -ENAMETOOLONG);
}

TEST(a_unix_peer_without_a_name_has_a_text)
{
    struct gu_address address = {.as.un.sun_family = AF_UNIX, .len = sizeof(sa_family_t)};
    char text[GUST_ADDRESS_TEXT];

    gu_address_format(&address.as.any, address.len, text);
    assert_string_equal(text, "unix:");
}

/* --- sockets --- */

static void close_fds(const int *fds, int n)
{
    for (int i = 0; i < n; i++)
        close(fds[i]);
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;

    assert_return_code(getsockopt(fd, level, name, &value, &len), errno);
    return value;
}

/* Connects to where `fd` listens. */
static int connect_to(int fd)
{
    struct gu_address address = {.len = sizeof address.as};
    int client;

    assert_return_code(getsockname(fd, &address.as.any, &address.len), errno);
    client = socket(address.as.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(client, errno);
    if (connect(client, &address.as.any, address.len) == 0)
        return client;
    close(client);
    return -errno;
}

TEST(port_0_is_one_port_in_both_families)
{
    static const char *const texts[] = {"0", "localhost:0"};

    for (size_t i = 0; i < gu_countof(texts); i++) {
        int fds[GUST_BIND_MAX], n, clients[GUST_BIND_MAX];

        TEST_CASE(texts[i]);
        n = gust_bind_sockets(texts[i], NULL, fds, GUST_BIND_MAX);
        assert_int_equal(n, 2);
        assert_true(gust_socket_port(fds[0]) > 0);
        assert_int_equal(gust_socket_port(fds[0]), gust_socket_port(fds[1]));
        for (int k = 0; k < n; k++) {
            clients[k] = connect_to(fds[k]);
            assert_return_code(clients[k], errno);
        }
        close_fds(clients, n);
        close_fds(fds, n);
    }
}

TEST(a_socket_is_made_as_the_loop_needs_it)
{
    int fd;

    assert_int_equal(gust_bind_sockets("[::1]:0", NULL, &fd, 1), 1);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(option(fd, SOL_SOCKET, SO_REUSEADDR), 1);
    assert_int_equal(option(fd, SOL_SOCKET, SO_REUSEPORT), 0);
    assert_int_equal(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    close(fd);
}

TEST(a_port_is_shared_only_where_both_ask_for_it)
{
    gust_bind_options share = {.reuse_port = true};
    char address[GUST_ADDRESS_TEXT];
    int first, second = -7;

    assert_int_equal(gust_bind_sockets("127.0.0.1:0", &share, &first, 1), 1);
    assert_int_equal(gust_socket_address(first, address), 0);
    assert_int_equal(gust_bind_sockets(address, NULL, &second, 1), -EADDRINUSE);
    assert_int_equal(second, -7);
    assert_int_equal(gust_bind_sockets(address, &share, &second, 1), 1);
    close(first);
    close(second);
}

TEST(a_failure_on_the_second_socket_closes_the_first)
{
    char address[GUST_ADDRESS_TEXT], both[32];
    int v6, fds[2] = {-7, -7};

    assert_int_equal(gust_bind_sockets("[::1]:0", NULL, &v6, 1), 1);
    assert_int_equal(gust_socket_address(v6, address), 0);
    snprintf(both, sizeof both, "localhost:%d", gust_socket_port(v6));
    assert_int_equal(gust_bind_sockets(both, NULL, fds, 2), -EADDRINUSE);
    assert_int_equal(fds[0], -7);
    close(v6);
}

TEST(too_small_an_array_is_said_before_anything_is_made)
{
    int fd = -7;

    assert_int_equal(gust_bind_sockets("0", NULL, &fd, 1), -ENOSPC);
    assert_int_equal(gust_bind_sockets(NULL, NULL, &fd, 1), -EINVAL);
    assert_int_equal(gust_bind_sockets("192.0.2.1:0", NULL, &fd, 1), -EADDRNOTAVAIL);
    assert_int_equal(fd, -7);
    assert_int_equal(gust_socket_port(-1), -EBADF);
}

TEST(the_backlog_bounds_who_waits)
{
    gust_bind_options options = {.backlog = 1};
    int fd, clients[2];

    assert_int_equal(gust_bind_sockets(test_address(), &options, &fd, 1), 1);
    /* Linux lets one more wait than it was told. */
    for (int i = 0; i < 2; i++) {
        clients[i] = connect_to(fd);
        assert_return_code(clients[i], errno);
    }
    struct gu_address address = {.len = sizeof address.as};
    int third = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_return_code(getsockname(fd, &address.as.any, &address.len), errno);
    assert_int_equal(connect(third, &address.as.any, address.len), -1);
    assert_int_equal(errno, EAGAIN);
    close(third);
    close_fds(clients, 2);
    close(fd);
}

/* --- Unix paths --- */

static char folder[] = "/tmp/gust-bind-XXXXXX";
static char path[sizeof folder + 16], address_of_path[sizeof path + 5];

static void make_folder(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    snprintf(address_of_path, sizeof address_of_path, "unix:%s", path);
}

static unsigned mode_of_path(void)
{
    struct stat st;

    assert_return_code(lstat(path, &st), errno);
    return st.st_mode & 07777u;
}

TEST(a_unix_socket_has_the_mode_that_was_asked_for_whatever_the_umask)
{
    mode_t mask = umask(0);
    int fd;

    make_folder();
    assert_int_equal(gust_bind_sockets(address_of_path, NULL, &fd, 1), 1);
    assert_int_equal(mode_of_path(), 0600);
    assert_int_equal(gust_socket_port(fd), 0);
    close(fd);
    umask(0777);
    assert_int_equal(
        gust_bind_sockets(address_of_path, &(gust_bind_options){.unix_mode = 0660}, &fd, 1), 1);
    assert_int_equal(mode_of_path(), 0660);
    umask(mask);
    close(fd);
    unlink(path);
    rmdir(folder);
}

TEST(a_socket_at_the_path_is_replaced_and_anything_else_is_left)
{
    int first, second, file;

    make_folder();
    assert_int_equal(gust_bind_sockets(address_of_path, NULL, &first, 1), 1);
    assert_int_equal(gust_bind_sockets(address_of_path, NULL, &second, 1), 1);
    int client = connect_to(second);
    assert_return_code(client, errno);
    assert_int_equal(accept(first, NULL, NULL), -1);
    int served = accept(second, NULL, NULL);
    assert_return_code(served, errno);
    close_fds((int[]){first, second, client, served}, 4);
    unlink(path);

    file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(gust_bind_sockets(address_of_path, NULL, &first, 1), -EEXIST);
    assert_return_code(access(path, F_OK), errno);
    close(file);
    unlink(path);
    assert_return_code(symlink("/nowhere", path), errno);
    assert_int_equal(gust_bind_sockets(address_of_path, NULL, &first, 1), -EEXIST);
    unlink(path);
    rmdir(folder);
}
