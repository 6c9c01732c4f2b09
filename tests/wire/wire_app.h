/*
 * wire_app — shared by its files: what is served, and what the servers are told together
 */
#ifndef GUST_WIRE_APP_H
#define GUST_WIRE_APP_H

#include <gust.h>

#define PIECE ((size_t)4096)

extern const gust_delegate wire_delegate;
extern const gust_route wire_routes[];

extern gust_event wire_gate;  /* that requests may wait at, until another opens it */
extern size_t wire_n_running; /* requests that the delegate has in hand */

#endif
