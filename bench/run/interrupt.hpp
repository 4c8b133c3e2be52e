#pragma once

namespace cmm::bench {

/// From now on the first Ctrl-C lets the row that runs end and no other begin; the second ends the process.
void watch_interrupts();

/// Whether Ctrl-C (or SIGTERM) came.
bool interrupted();

}  // namespace cmm::bench
