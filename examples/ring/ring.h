#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RING_CAPACITY = 4 };

/* A queue of fixed size. Zero-initialise it. */
struct ring {
  int items[RING_CAPACITY];
  size_t first, count;
};

bool ring_push(struct ring* ring, int item); /* false if it is full */
bool ring_pop(struct ring* ring, int* item); /* false if it is empty */

#ifdef __cplusplus
}
#endif
#endif
