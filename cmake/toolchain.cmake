# Compiler warnings (all are errors), sanitizers, and the fastest linker at hand.
set(DYAD_WARNINGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wcast-qual -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND DYAD_WARNINGS -Wno-restrict)  # false alarms on std::string (GCC bug 105329)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(REMOVE_ITEM DYAD_WARNINGS -Wno-missing-field-initializers)
  # -Wno-deprecated-declarations: std::stable_sort of libstdc++ uses what libstdc++ has deprecated
  list(APPEND DYAD_WARNINGS -Wno-missing-designated-field-initializers -Wno-missing-field-initializers
       -Wno-deprecated-declarations)
endif()

if(DYAD_SANITIZE)
  add_compile_options(-fsanitize=${DYAD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DYAD_SANITIZE})
endif()

find_program(DYAD_CCACHE ccache)
if(DYAD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${DYAD_CCACHE})
  if(DYAD_SANITIZE)
    # It keeps nothing that uses a precompiled header, unless it is told that no macro is defined between the two.
    set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${DYAD_CCACHE})
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

foreach(linker mold lld)
  find_program(DYAD_LINKER_${linker} NAMES ${linker} ld.${linker})
  if(DYAD_LINKER_${linker})
    add_link_options(-fuse-ld=${linker})
    break()
  endif()
endforeach()
