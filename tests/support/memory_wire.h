/*
 * memory_wire — the far end of a connection in memory, for the contract suites
 *
 * The test's end of the wire is a descriptor, as with every other transport; a relay moves bytes
 * between it and the end that the stream under test is connected to. memory_relays_pump() moves
 * what can be moved.
 */
#ifndef GUST_TEST_MEMORY_WIRE_H
#define GUST_TEST_MEMORY_WIRE_H

#include "wire.h"

void memory_open(struct wire *wire);

/* True if something was moved. */
bool memory_relays_pump(void);
void memory_relays_free(void);

/* The newest relay's connection breaks as by a reset. */
void memory_relay_break(void);

#endif
