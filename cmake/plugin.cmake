# dyad_plugin(NAME SOURCES ... [DEPS ...]): a backend plugin, which exports its entry symbol alone.
function(dyad_plugin target)
  cmake_parse_arguments(PLUGIN "" "" "SOURCES;DEPS" ${ARGN})
  dyad_layer(${target} TYPE MODULE SOURCES ${PLUGIN_SOURCES} DEPS dyad_abi ${PLUGIN_DEPS})
  target_compile_definitions(${target} PRIVATE DYAD_VERSION="${PROJECT_VERSION}" _GNU_SOURCE)
  set(exports ${PROJECT_SOURCE_DIR}/cmake/plugin_exports.map)
  target_link_options(${target} PRIVATE -Wl,--version-script=${exports})
  if(NOT DYAD_SANITIZE)  # a shared library leaves the sanitizer's functions to the program
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${exports}
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/dyad/plugins)
  install(TARGETS ${target} LIBRARY DESTINATION ${DYAD_LIB_DIR}/plugins)
endfunction()
