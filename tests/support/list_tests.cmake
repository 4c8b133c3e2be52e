# Writes the CTest entries of a Boost.Test program in the program's own words, so that no case is missed: one for
# each case of an outermost suite, and one for each case outside suites. A case over a list of types is one entry,
# and so is a suite within a suite.
execute_process(COMMAND ${PROGRAM} --list_content ERROR_VARIABLE content OUTPUT_VARIABLE content_too
                RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} --list_content failed: ${content}${content_too}")
endif()

set(properties "LABELS ${LABEL} TIMEOUT 1500 SKIP_RETURN_CODE 77")
if(LABEL STREQUAL "gpu")
  string(APPEND properties " RESOURCE_LOCK gpu")
endif()

# Four spaces of indentation are one level; the levels below the second belong to their suite.
string(REGEX MATCHALL "\n(    )?[A-Za-z_][A-Za-z0-9_]*" lines "\n${content}\n${content_too}")
string(REPLACE "\n" "" lines "${lines}")
set(suite "")
set(names "")
foreach(line IN LISTS lines)
  if(line MATCHES "^    (.*)")
    list(REMOVE_ITEM names ${suite})
    list(APPEND names ${suite}/${CMAKE_MATCH_1})
  else()
    set(suite ${line})
    list(APPEND names ${suite})
  endif()
endforeach()
list(REMOVE_DUPLICATES names)

set(entries "")
foreach(name IN LISTS names)
  cmake_path(GET name FILENAME case)
  string(APPEND entries "add_test([[${LABEL}.${name}]] [[${PROGRAM}]] [[--run_test=${name},${case}<*]])\n"
         "set_tests_properties([[${LABEL}.${name}]] PROPERTIES ${properties})\n")
endforeach()
file(WRITE ${LIST} "${entries}")
