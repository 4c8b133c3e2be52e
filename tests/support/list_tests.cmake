# Writes the CTest entries of a Boost.Test program: one for each of its outermost suites and cases, in the
# program's own words, so that no case is missed. A case over a list of types is one entry.
execute_process(COMMAND ${PROGRAM} --list_content ERROR_VARIABLE content OUTPUT_VARIABLE content_too
                RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} --list_content failed: ${content}${content_too}")
endif()

set(properties "LABELS ${LABEL} TIMEOUT 600 SKIP_RETURN_CODE 77")
if(LABEL STREQUAL "gpu")
  string(APPEND properties " RESOURCE_LOCK gpu")
endif()

string(REGEX MATCHALL "(^|\n)[A-Za-z_][A-Za-z0-9_]*" names "${content}\n${content_too}")
list(TRANSFORM names STRIP)
list(REMOVE_DUPLICATES names)
set(entries "")
foreach(name IN LISTS names)
  string(APPEND entries "add_test(${LABEL}.${name} [[${PROGRAM}]] [[--run_test=${name},${name}<*]])\n"
         "set_tests_properties(${LABEL}.${name} PROPERTIES ${properties})\n")
endforeach()
file(WRITE ${LIST} "${entries}")
