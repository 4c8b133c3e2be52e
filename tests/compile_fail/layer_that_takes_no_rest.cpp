// expect: cmm: a layer's over<Upstream> is made of its settings and what its upstream is made of
#include <cmm/cmm.hpp>

#include <utility>

struct counted {
  template <cmm::allocator Upstream>
  class over {
   public:
#ifdef CMM_CORRECTED
    template <class... Rest>
    explicit over(counted, Rest&&... rest) : upstream_{std::forward<Rest>(rest)...} {}
#else
    explicit over(counted) {}
#endif
    cmm::block allocate(cmm::request r) { return upstream_.allocate(r); }
    void deallocate(cmm::block b, cmm::stream s) noexcept { upstream_.deallocate(b, s); }
    auto& api() noexcept { return upstream_.api(); }

   private:
    Upstream upstream_;
  };
};

auto memory = (cmm::managed{} | counted{}).build(cmm::null_api{});
