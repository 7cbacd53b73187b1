# dyad_image_object(NAME SOURCES ... LAYERS ...): lib/dyad/NAME.o, a relocatable file that dyad links into users' images.
# So nobody waits for it to be compiled, and it is the same for both backends and for all flags of the user's. Compiled
# with the headers of the named layers, never with dyad's own sanitizers.
function(dyad_image_object name)
  cmake_parse_arguments(OBJECT "" "" "SOURCES;LAYERS" ${ARGN})
  set(target dyad_image_${name})
  if(DYAD_PREBUILT)
    dyad_prebuilt(${target}_file ${name}.o)
    return()
  endif()
  add_library(${target} OBJECT ${OBJECT_SOURCES})
  target_link_libraries(${target} PRIVATE ${OBJECT_LAYERS})
  target_compile_options(${target} PRIVATE ${DYAD_WARNINGS} -O2 -fPIC -fno-omit-frame-pointer -ffunction-sections
    -fdata-sections -fno-sanitize=all
    $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)  # a unique symbol would keep an image from being unloaded
  set(object ${PROJECT_BINARY_DIR}/lib/dyad/${name}.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/lib/dyad
    COMMAND ${CMAKE_LINKER} -r -o ${object} $<TARGET_OBJECTS:${target}>
    DEPENDS ${target} $<TARGET_OBJECTS:${target}> COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(${target}_file ALL DEPENDS ${object})
  install(FILES ${object} DESTINATION ${DYAD_LIB_DIR})
endfunction()
