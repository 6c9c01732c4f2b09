// consumer — a program of a user's, in C++, against an installed Gust
#include <cerrno>
#include <gust.h>
#include <iostream>
#include <string>

int main()
{
    const std::string version = gust_version(), reason = gust_strerror(-ENOENT);

    std::cout << "gust " << version << ", " << reason << '\n';
    return version.empty() || reason.empty() ? 1 : 0;
}
