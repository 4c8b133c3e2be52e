// Your own parts: a policy in ten lines, a layer in twenty. No base class; `|` checks them as you write.
#include <cmm/sim.hpp>
#include <cstdio>

using namespace cmm::literals;

// [policy]
/// Keeps the first bytes of each block in HBM, where an index lives, and the rest on the host.
struct head_on_device {
  std::size_t head = 2_MiB;

  void place(auto& at, cmm::block b, cmm::stream s) const {
    at.advise(b, cmm::advice::preferred_location, cmm::location::host());
    at.advise(b, cmm::advice::accessed_by, cmm::location::device());
    at.prefetch({b.data, b.bytes < head ? b.bytes : head, b.device}, cmm::location::device(), s);
  }
};
// [policy]

/// Refuses blocks smaller than a size, which belong elsewhere.
struct at_least {
  std::size_t bytes = 1_MiB;

  template <cmm::allocator Upstream>
  class over {
   public:
    template <class... Rest>
    explicit over(at_least wanted, Rest&&... rest)
        : least_{wanted.bytes}, upstream_{std::forward<Rest>(rest)...} {}

    cmm::block allocate(cmm::request r) { return r.bytes < least_ ? cmm::block{} : upstream_.allocate(r); }
    void deallocate(cmm::block b, cmm::stream s) noexcept { upstream_.deallocate(b, s); }
    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    std::size_t least_;
    Upstream upstream_;
  };
};

int main() {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  auto memory = (cmm::managed{} | head_on_device{} | at_least{1_MiB}).build(cmm::sim::api{machine});

  const cmm::block table = memory.allocate(64_MiB);
  const std::size_t head = machine.resident(table.data, table.bytes, cmm::location::device(0));
  const bool small_refused = !memory.allocate(4_KiB);
  std::printf("in HBM: %zu KiB of %zu KiB; a block of 4 KiB is %s\n", head / 1_KiB, table.bytes / 1_KiB,
              small_refused ? "refused" : "served");
  memory.deallocate(table);
  return head == 2_MiB && small_refused ? 0 : 1;
}
