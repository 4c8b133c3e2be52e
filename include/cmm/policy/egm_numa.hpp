#pragma once

#include <atomic>

#include "../source/egm.hpp"
#include "accessed_by.hpp"

namespace cmm {

/// Puts blocks on a host NUMA node that the GPU reads without faults: the node nearest to it unless named.
///
/// On a machine in EGM mode the blocks come from the pinned pool of that node; elsewhere from the recipe's
/// managed source, with the node as preferred location and the GPU's mapping kept. So it is too where the
/// node that is named is not there.
struct egm_numa {
  location at = location::nearest_numa();

  static constexpr const char* name = "egm_numa";
  static constexpr bool hints = true;
  static constexpr void fields(auto& self, auto&& visit) { visit("at", self.at); }

  void place(auto& to, block b, stream s) const {
    to.advise(b, advice::preferred_location, at, name);
    accessed_by{location::device()}.place(to, b, s);
  }

  /// The recipe's source, or the EGM pool on a machine that has one; decided at the first request.
  template <class Source>
  struct served_by {
    egm pool;
    Source fallback;

    static constexpr bool migratable = true;

    template <cmm::api Api>
    class on {
     public:
      on(Api api, served_by settings)
          : at_{settings.pool.at},
            pool_{api, settings.pool},
            fallback_{std::move(api), std::move(settings.fallback)} {}

      status take(void*& out, const request& r) {
        if (origin_ == origin::unknown) {
          int available = 0;
          const status asked = api().attribute(r.device, attribute::egm, available);
          if (!asked.ok()) return asked;
          origin_ = available != 0 && node_is_there(r.device) ? origin::pool : origin::fallback;
        }
        return origin_ == origin::pool ? pool_.take(out, r) : fallback_.take(out, r);
      }
      status give_back(block b, stream s) {
        return origin_ == origin::pool ? pool_.give_back(b, s) : fallback_.give_back(b, s);
      }
      [[nodiscard]] bool migratable() const noexcept { return origin_ != origin::pool; }
      Api& api() noexcept { return fallback_.api(); }

     private:
      enum class origin : unsigned char { unknown, pool, fallback };

      bool node_is_there(int device) {
        return at_.is_relative() || detail::has_place(api(), resolve(api(), at_, device));
      }

      location at_;
      typename egm::on<Api> pool_;
      typename Source::template on<Api> fallback_;
      std::atomic<origin> origin_ = origin::unknown;
    };
  };

  /// The settings of the source that takes the place of the recipe's own.
  template <class Source>
  constexpr served_by<Source> serve(Source own) const {
    return {egm{at}, std::move(own)};
  }
};

}  // namespace cmm
