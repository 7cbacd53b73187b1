// main() of executable images: the same function that the dll backend calls after dlopen.
#include "backends/abi/package.h"

extern "C" const dyad_package* dyad_package_entry(uint32_t abi);

int main(int argc, char** argv) { return dyad_package_entry(DYAD_PACKAGE_ABI)->main(argc, argv); }
