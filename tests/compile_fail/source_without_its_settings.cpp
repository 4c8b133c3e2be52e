// expect: cmm: a source's on<Api> is made of an api and its settings; it needs on(Api, settings)
#include <cmm/cmm.hpp>

struct mine {
  static constexpr bool migratable = false;

  template <cmm::api Api>
  class on {
   public:
#ifdef CMM_CORRECTED
    on(Api api, mine) : api_{api} {}
#else
    explicit on(Api api) : api_{api} {}
#endif
    cmm::status take(void*& out, const cmm::request& r) { return api_.allocate_device(out, r.bytes); }
    cmm::status give_back(cmm::block b, cmm::stream) { return api_.free(b.data); }
    Api& api() noexcept { return api_; }

   private:
    Api api_;
  };
};

auto memory = (mine{} | cmm::pool{}).build(cmm::null_api{});
