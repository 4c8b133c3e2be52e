#pragma once

// One sentence instead of hundreds of errors: the file that is not there ends the compilation.
#if __cplusplus < 202002L
#error cmm needs C++20: compile with -std=c++20; with CMake set CXX_STANDARD and CUDA_STANDARD to 20 or leave both unset, and with CMake before 3.25.2 add cmm before the targets that use it
#include <cmm_needs_cxx20>
#elif !defined(__cpp_exceptions)
#error cmm needs exceptions, by which it reports errors: compile without -fno-exceptions
#include <cmm_needs_exceptions>
#else
#include <version>
#ifndef __cpp_lib_bit_cast
#error cmm needs a C++20 standard library, such as that of GCC 11 or newer
#include <cmm_needs_a_cxx20_library>
#endif
#endif
