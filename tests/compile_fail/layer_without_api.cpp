// expect: cmm: a layer's over<Upstream> tells the api of what is below it
#include <cmm/cmm.hpp>
#include <utility>

struct counted {
  template <cmm::allocator Upstream>
  class over {
   public:
    template <class... Rest>
    explicit over(counted, Rest&&... rest) : upstream_{std::forward<Rest>(rest)...} {}

    cmm::block allocate(cmm::request r) { return upstream_.allocate(r); }
    void deallocate(cmm::block b, cmm::stream s) noexcept { upstream_.deallocate(b, s); }
#ifdef CMM_CORRECTED
    auto& api() noexcept { return upstream_.api(); }
#endif

   private:
    Upstream upstream_;
  };
};

constexpr auto recipe = cmm::managed{} | counted{};
