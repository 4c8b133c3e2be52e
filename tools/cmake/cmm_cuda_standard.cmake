# CMake before 3.25.2 knows no option by which nvcc compiles C++20: it refuses CUDA_STANDARD 20 where that is required,
# and takes C++17 where it is not. In the cache, so that every folder of the project sees it.
if(CMAKE_VERSION VERSION_LESS 3.25.2)
  foreach(kind STANDARD EXTENSION)
    if(NOT DEFINED CMAKE_CUDA20_${kind}_COMPILE_OPTION)
      set(CMAKE_CUDA20_${kind}_COMPILE_OPTION "-std=c++20" CACHE INTERNAL "")
    endif()
  endforeach()
endif()
