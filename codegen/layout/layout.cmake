# Lays the code of libdyad_codegen.so out for the way from source to image (docs/why-layout.md): LLVM's BOLT, told by
# profile.tar.xz how often each branch was taken, puts what is used side by side. A profile of another version of LLVM or
# of dyad is of less use, and no harm: functions that it does not fit stay as they are.
#   DYAD_LAYOUT=OFF  for those who link often: BOLT takes half a minute and 2 GB
find_program(LLVM_BOLT llvm-bolt HINTS ${LLVM_TOOLS_BINARY_DIR} NO_CACHE)
set(can_lay_out OFF)
if(LLVM_BOLT AND CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64 AND CMAKE_BUILD_TYPE STREQUAL Release AND NOT DYAD_SANITIZE)
  set(can_lay_out ON)
endif()
option(DYAD_LAYOUT "Lay out the code of the compiler with BOLT" ${can_lay_out})
if(DYAD_LAYOUT)
  if(NOT can_lay_out)
    message(FATAL_ERROR "DYAD_LAYOUT is for Release on x86-64, and needs llvm-bolt: install bolt-22")
  endif()
  set(profile ${CMAKE_CURRENT_SOURCE_DIR}/layout/profile.tar.xz)
  target_link_options(dyad_codegen PRIVATE -Wl,--emit-relocs)
  add_custom_command(TARGET dyad_codegen POST_BUILD
    COMMAND ${CMAKE_COMMAND} -D LIBRARY=$<TARGET_FILE:dyad_codegen> -D BOLT=${LLVM_BOLT} -D PROFILE=${profile}
            -D FOLDER=${CMAKE_CURRENT_BINARY_DIR}/layout -P ${CMAKE_CURRENT_SOURCE_DIR}/layout/apply.cmake
    COMMENT "Laying out libdyad_codegen.so" VERBATIM)
  set_property(TARGET dyad_codegen APPEND PROPERTY LINK_DEPENDS ${profile} ${CMAKE_CURRENT_SOURCE_DIR}/layout/apply.cmake)
endif()
