#include <cuda_runtime_api.h>

#include <cmm/cuda.hpp>

int main() {
  int count = 0;
  static_cast<void>(cudaGetDeviceCount(&count));
  return count < 0;
}
