# lib/dyad/seed: the cache on which every cache rests (docs/why-prelude.md), made by the dyad that uses it. An installed dyad is
# another toolchain than the one in the build folder, for the cache, so it makes its own.
# Not with the variables of whoever builds dyad that compilers read: users have others, most of them none.
set(environment)
foreach(variable CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX SOURCE_DATE_EPOCH
                 CCC_OVERRIDE_OPTIONS SDKROOT CLANG_NO_DEFAULT_CONFIG LD_LIBRARY_PATH)
  list(APPEND environment --unset=${variable})
endforeach()
# Readable by whoever may read the folder.
list(APPEND environment DYAD_CACHE_SHARED=1)
set(seed ${PROJECT_BINARY_DIR}/${DYAD_LIB_DIR}/seed)
set(prebuilt)
if(DYAD_PREBUILT)  # its target stands for no file
  set(prebuilt ${DYAD_PREBUILT}/lib/dyad/libdyad_codegen.so)
endif()
add_custom_command(OUTPUT ${seed}.made
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${seed}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${seed}
  COMMAND ${CMAKE_COMMAND} -E env ${environment} DYAD_CACHE=${seed} $<TARGET_FILE:dyad> cache seed
  COMMAND ${CMAKE_COMMAND} -E touch ${seed}.made
  DEPENDS dyad dyad_codegen dyad_worker ${PROJECT_BINARY_DIR}/${DYAD_LIB_DIR}/runtime.o
          ${PROJECT_BINARY_DIR}/${DYAD_LIB_DIR}/main.o ${PROJECT_SOURCE_DIR}/backends/runtime/gtest_adapter.cpp
          ${prebuilt} VERBATIM)
if(DYAD_SANITIZE)
  add_custom_target(dyad_seed DEPENDS ${seed}.made)  # for whoever says what the sanitizer is not to report
else()
  add_custom_target(dyad_seed ALL DEPENDS ${seed}.made)
endif()
list(JOIN environment " " environment)
install(CODE "
  set(prefix \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\")
  file(REMOVE_RECURSE \"\${prefix}/${DYAD_LIB_DIR}/seed\")
  file(MAKE_DIRECTORY \"\${prefix}/${DYAD_LIB_DIR}/seed\")
  execute_process(COMMAND \${CMAKE_COMMAND} -E env ${environment} \"DYAD_CACHE=\${prefix}/${DYAD_LIB_DIR}/seed\"
                          \"\${prefix}/${CMAKE_INSTALL_BINDIR}/dyad\" cache seed COMMAND_ERROR_IS_FATAL ANY)")
