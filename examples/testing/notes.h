/* notes — the application, for main() and for its tests */
#ifndef NOTES_H
#define NOTES_H

#include <gust.h>

extern const gust_app_options notes_app;

#endif
