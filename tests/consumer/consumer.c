/* consumer — a program of a user's, in C, against an installed Gust */
#include <errno.h>
#include <gust.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    printf("gust %s, %s\n", gust_version(), gust_strerror(-ENOENT));
    return strlen(gust_version()) > 0 && strcmp(gust_strerror(-ENOENT), "") != 0 ? 0 : 1;
}
