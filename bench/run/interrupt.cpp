#include "interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace cmm::bench {
namespace {

volatile std::sig_atomic_t came = 0;

void on_signal(int signal) {
  came = 1;
  (void)std::signal(signal, SIG_DFL);
}

}  // namespace

void watch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM}) (void)std::signal(signal, on_signal);
}

bool interrupted() { return came != 0; }

}  // namespace cmm::bench
