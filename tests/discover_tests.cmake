# Lists the test cases of a Catch2 program as CTest tests, each run in a process of its own. Called
# with -P after the program was built: PROGRAM, LAYER, TIMEOUT (seconds), ENVIRONMENT (NAME=VALUE),
# FILE (to be written), and where not all are meant, TAG ("[quick]"). A test that prints a line
# "skipped: REASON" counts as skipped.
#
# Catch2's own CatchAddTests.cmake splits names at semicolons and takes names that begin with "-" for
# options; both then run nothing and pass.
execute_process(COMMAND ${PROGRAM} --list-test-names-only ${TAG}
                OUTPUT_VARIABLE names RESULT_VARIABLE count)
if(NOT count GREATER 0)  # it gives the number of its tests
  message(FATAL_ERROR "${PROGRAM} does not list its tests: ${count}")
endif()
string(REGEX REPLACE "[][]" "\\\\\\0" names "${names}")
string(REPLACE ";" "\\;" names "${names}")
string(REPLACE "\n" ";" names "${names}")

set(script)
foreach(name IN LISTS names)
  if(name STREQUAL "")
    continue()
  endif()
  string(REGEX REPLACE "\\\\([][])" "\\1" name "${name}")
  string(REGEX REPLACE "([\\\",])" "\\\\\\1" pattern "${name}")
  string(APPEND script
    "add_test([==[${LAYER}: ${name}]==] [==[${PROGRAM}]==] [==[\"${pattern}\"]==] -w NoTests)\n"
    "set_tests_properties([==[${LAYER}: ${name}]==] PROPERTIES TIMEOUT ${TIMEOUT} LABELS ${LAYER}\n"
    "                     SKIP_REGULAR_EXPRESSION [==[(^|\n)skipped: ]==]\n"
    "                     ENVIRONMENT [==[${ENVIRONMENT}]==])\n")
endforeach()
file(WRITE ${FILE} "${script}")
