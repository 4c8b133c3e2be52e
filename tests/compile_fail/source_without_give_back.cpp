// expect: cmm: a source's on<Api> needs api(), status take(void*&, request) and status give_back(block, stream)
#include <cmm/cmm.hpp>

struct leaky {
  static constexpr bool migratable = true;

  template <cmm::api Api>
  class on {
   public:
    on(Api api, leaky) : api_{api} {}

    cmm::status take(void*& out, const cmm::request& r) { return api_.allocate_managed(out, r.bytes); }
#ifdef CMM_CORRECTED
    cmm::status give_back(cmm::block b, cmm::stream) { return api_.free(b.data); }
#endif
    Api& api() { return api_; }

   private:
    Api api_;
  };
};

constexpr auto memory = leaky{} | cmm::pool{};
