/*
 * hash — SipHash, so that nobody outside can choose keys that collide
 */
#ifndef GU_HASH_H
#define GU_HASH_H

#include "base/gu.h"

/* SipHash-2-4 of Aumasson and Bernstein, as their reference computes it. */
uint64_t gu_siphash24(const unsigned char key[16], const void *bytes, size_t len);

/* SipHash-1-3: fewer rounds, for tables. */
uint64_t gu_siphash13(const unsigned char key[16], const void *bytes, size_t len);

/* SipHash-1-3 under a key that is drawn once a process: for tables in memory. Never for anything
 * that leaves the process. **Any thread.** */
uint64_t gu_hash(gust_str s);

#endif
