# cmm_add_torch_allocator(NAME RECIPE TEXT [PLATFORM cuda|sim:PROFILE])
#
# A library NAME.so that PyTorch loads as a pluggable allocator (cmm.torch.load in Python), of a recipe such as
# "managed | threshold_prefetch | pool | stats". The recipe is read when the library is built; a wrong one stops the
# build with the library's own sentence. PLATFORM sim:PROFILE needs no CUDA toolkit and no GPU.

function(cmm_add_torch_allocator name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "RECIPE;PLATFORM" "")
  if(NOT arg_RECIPE OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "cmm_add_torch_allocator(${name}) takes RECIPE TEXT and, optionally, PLATFORM cuda or sim:PROFILE")
  endif()
  if(NOT arg_PLATFORM)
    set(arg_PLATFORM cuda)
  endif()
  if(arg_PLATFORM STREQUAL "cuda" AND NOT TARGET cmm::cuda)
    message(FATAL_ERROR "cmm_add_torch_allocator(${name}) needs a CUDA toolkit of version 13 or newer; install one, or use PLATFORM sim:gh200-480")
  endif()

  if(NOT TARGET cmm_write_allocator)
    add_executable(cmm_write_allocator EXCLUDE_FROM_ALL ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/write_allocator.cpp)
    target_link_libraries(cmm_write_allocator PRIVATE cmm::cmm)
  endif()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}_allocator.cpp)
  add_custom_command(
    OUTPUT ${source} COMMAND cmm_write_allocator ${arg_RECIPE} ${arg_PLATFORM} ${source}
    DEPENDS cmm_write_allocator COMMENT "Reading the recipe of ${name}" VERBATIM)

  # PyTorch's process has the shared CUDA runtime already: nothing is searched for, and no second one comes in.
  set(exports ${CMAKE_CURRENT_BINARY_DIR}/${name}_exports.map)
  file(WRITE ${exports} "{ global: cmm_torch_*; local: *; };\n")
  add_library(${name} MODULE ${source})
  target_link_libraries(${name} PRIVATE cmm::cmm)
  target_link_options(${name} PRIVATE -Wl,--version-script=${exports})
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden CUDA_RUNTIME_LIBRARY Shared
                                           SKIP_BUILD_RPATH ON INSTALL_RPATH "" LINK_DEPENDS ${exports})
  if(arg_PLATFORM STREQUAL "cuda")
    target_link_libraries(${name} PRIVATE cmm::cuda)
  endif()
endfunction()
