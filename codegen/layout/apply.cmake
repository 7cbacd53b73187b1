# cmake -D LIBRARY= -D BOLT= -D PROFILE= -D FOLDER= -P apply.cmake
# Replaces LIBRARY, which was linked with its relocations, by one laid out as PROFILE says; the one that was linked is
# kept as FOLDER/linked.so, for `record`. If BOLT cannot, LIBRARY stays as it is: the same code, a little slower.
file(MAKE_DIRECTORY ${FOLDER})
file(RENAME ${LIBRARY} ${FOLDER}/linked.so)
file(ARCHIVE_EXTRACT INPUT ${PROFILE} DESTINATION ${FOLDER})
execute_process(
  COMMAND ${BOLT} ${FOLDER}/linked.so -o ${LIBRARY} -data=${FOLDER}/profile.fdata -reorder-blocks=ext-tsp
          -reorder-functions=cdsort -split-functions -split-all-cold -split-eh -icf=safe -jump-tables=move
  OUTPUT_FILE ${FOLDER}/log ERROR_FILE ${FOLDER}/log RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(WARNING "${LIBRARY} is not laid out: ${BOLT} ended with ${result}; see ${FOLDER}/log")
  file(COPY_FILE ${FOLDER}/linked.so ${LIBRARY})
endif()
