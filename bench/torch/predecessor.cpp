// The allocator that GH200 users run today, as PyTorch calls it: no cache, advice with errors dropped, a
// prefetch in the legacy default stream below 2 GiB, and a free that waits for its stream.
#include <cuda_runtime_api.h>

#include <cstddef>
#include <stdexcept>

namespace {

constexpr std::size_t prefetch_below = std::size_t{2} << 30;

cudaMemLocation device_location(int device) { return {cudaMemLocationTypeDevice, device}; }
cudaMemLocation host_location() { return {cudaMemLocationTypeHost, 0}; }

}  // namespace

extern "C" void* predecessor_allocate(std::size_t bytes, int device, cudaStream_t) {
  void* data = nullptr;
  if (bytes == 0) return data;
  if (cudaMallocManaged(&data, bytes) != cudaSuccess) throw std::runtime_error{"cudaMallocManaged failed"};
  static_cast<void>(cudaMemAdvise(data, bytes, cudaMemAdviseSetPreferredLocation, device_location(device)));
  static_cast<void>(cudaMemAdvise(data, bytes, cudaMemAdviseSetAccessedBy, host_location()));
  if (bytes < prefetch_below)
    static_cast<void>(cudaMemPrefetchAsync(data, bytes, device_location(device), 0, nullptr));
  return data;
}

extern "C" void predecessor_free(void* data, std::size_t, int, cudaStream_t stream) {
  if (data == nullptr) return;
  static_cast<void>(cudaStreamSynchronize(stream));
  static_cast<void>(cudaFree(data));
}
