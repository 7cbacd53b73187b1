int parity(unsigned bits) {
  int odd = 0;
  for (; bits != 0; bits &= bits - 1) odd = !odd;
  return odd;
}
