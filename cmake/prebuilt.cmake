# dyad_prebuilt(TARGET FILE...): files of lib/dyad that are taken from the build folder DYAD_PREBUILT, in the place of a
# target that would make them. For sanitized builds: LLVM is not instrumented anyway, what images hold must not be, the
# worker cannot be, and all that takes longer to compile than the rest.
function(dyad_prebuilt target)
  foreach(name ${ARGN})
    set(file ${DYAD_PREBUILT}/lib/dyad/${name})
    if(NOT EXISTS ${file})
      message(FATAL_ERROR "${file} is missing: build it first (cmake --preset release && cmake --build --preset release)")
    endif()
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/lib/dyad)
    file(CREATE_LINK ${file} ${PROJECT_BINARY_DIR}/lib/dyad/${name} SYMBOLIC)
  endforeach()
  add_custom_target(${target})
endfunction()
