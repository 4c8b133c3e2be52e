// expect: cmm: a layer's over<Upstream> is no allocator; it needs block allocate(request) and void deallocate(block, stream) noexcept
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr bool never_throws = true;
#else
constexpr bool never_throws = false;
#endif

struct careless {
  template <cmm::allocator Upstream>
  class over {
   public:
    template <class... Rest>
    explicit over(careless, Rest&&... rest) : upstream_{std::forward<Rest>(rest)...} {}

    cmm::block allocate(cmm::request r) { return upstream_.allocate(r); }
    void deallocate(cmm::block b, cmm::stream s) noexcept(never_throws) { upstream_.deallocate(b, s); }
    auto& api() noexcept { return upstream_.api(); }

   private:
    Upstream upstream_;
  };
};

constexpr auto memory = cmm::managed{} | careless{};
