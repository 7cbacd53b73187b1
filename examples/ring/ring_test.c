#include "ring.h"

#include <dyad/testing.h>

void TestFirstInFirstOut(dyad_T* t) {
  (void)t;
  struct ring ring = {0};
  int item = 0;
  for (int round = 0; round < 10; round++) {
    CHECK(ring_push(&ring, round));
    CHECK(ring_push(&ring, -round));
    CHECK(ring_pop(&ring, &item) && item == round);
    CHECK(ring_pop(&ring, &item) && item == -round);
  }
  CHECK(!ring_pop(&ring, &item));
}

void TestFull(dyad_T* t) {
  struct ring ring = {0};
  for (int n = 0; n < RING_CAPACITY; n++) REQUIRE(ring_push(&ring, n));
  if (ring_push(&ring, RING_CAPACITY)) dyad_error(t, "a ring of %d took one more", RING_CAPACITY);
}
