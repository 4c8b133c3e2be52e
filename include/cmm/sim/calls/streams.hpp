#pragma once

#include <algorithm>
#include <cstdint>

#include "../state.hpp"

namespace cmm::sim {

/// The calling thread waits until this time, if it has not come yet.
inline void wait_for(state& s, std::int64_t ready) {
  const bool waits = ready > s.clock.start();
  if (waits) s.clock.wait_until(ready);
  s.clock.spend(waits ? s.machine.calls.wait : s.machine.calls.event);
}

/// The host waits for all work of the stream; a capture that it breaks is counted.
inline errc synchronize_stream(state& s, stream_state& stream) {
  if (stream.capture != 0) return s.invalidate(stream.capture);
  if (stream.legacy && !s.captures.empty()) {
    s.invalidate_all();
    return errc::capture_implicit;
  }
  wait_for(s, stream.ready);
  s.join(stream);
  return errc::success;
}

/// The host waits for all work of the thread's device; not while anything is being captured.
inline errc synchronize_device(state& s) {
  if (!s.captures.empty()) return s.invalidate_all();
  std::int64_t ready = 0;
  s.streams.each([&](const stream_state& each) {
    if (each.device != s.device()) return;
    ready = std::max(ready, each.ready);
    s.join(each);
  });
  wait_for(s, ready);
  return errc::success;
}

inline errc stream_id(state& s, stream_state& stream, std::uint64_t& id) {
  s.clock.overlap(s.machine.calls.ask);
  // As on a real GPU: asking a captured stream ends its capture, asking the legacy one ends them all.
  if (stream.capture != 0 || (stream.legacy && !s.captures.empty())) return s.invalidate_all();
  id = stream.id;
  return errc::success;
}

inline errc capture_of(state& s, stream_state& stream, std::uint64_t& id) {
  s.clock.overlap(s.machine.calls.ask);
  if (stream.legacy && !s.captures.empty()) return errc::capture_implicit;
  id = stream.capture;
  return errc::success;
}

inline errc device_of(state& s, stream_state& stream, int& device) {
  device = stream.device;
  return s.done_beside(s.machine.calls.ask);
}

inline errc create_event(state& s, event& out) {
  out = {s.new_handle()};
  s.events[out.native];
  return s.done_in(s.machine.calls.event);
}

inline errc destroy_event(state& s, event e) {
  if (s.find(e) == nullptr) return errc::invalid_value;
  s.events.erase(e.native);
  return s.done_in(s.machine.calls.event);
}

inline errc record(state& s, stream_state& stream, event e) {
  event_state* const event = s.find(e);
  if (event == nullptr) return errc::invalid_value;
  s.clock.spend(s.machine.calls.event);
  if (stream.legacy) {
    s.streams.each([&](const stream_state& each) {
      if (each.thread == 0 || each.device != stream.device) return;
      stream.wait(each.ready, each.before);
      stream.before.reach(each.id, each.tick);
    });
  }
  stream.before.join(s.host);
  stream.before.reach(stream.id, stream.tick);
  *event = {stream.free_at(s.clock.start()), stream.before, stream.capture};
  return errc::success;
}

/// A stream that waits for a captured event joins the capture, and must be joined to its first stream before
/// that one ends it. A captured stream cannot wait for an event from outside, nor the legacy one for a
/// captured event.
inline errc wait(state& s, stream_state& stream, event e) {
  const event_state* const event = s.find(e);
  if (event == nullptr) return errc::invalid_value;
  if (stream.capture != 0 && event->capture != stream.capture) return s.invalidate(stream.capture);
  const bool joins = event->capture != stream.capture && s.captures.contains(event->capture);
  if (joins && stream.legacy) {
    s.invalidate(event->capture);
    return errc::capture_implicit;
  }
  s.clock.spend(s.machine.calls.event);
  stream.wait(event->ready, event->before);
  if (joins) {
    stream.capture = event->capture;
    stream.before.reach(stream.id, ++stream.tick);
  }
  return errc::success;
}

/// Asks whether an event has come, or waits for it. The api works in relaxed capture mode, in which only the
/// events of a capture are out of reach.
inline errc ask_event(state& s, event e, bool waits) {
  const event_state* const found = s.find(e);
  if (found == nullptr) return errc::invalid_value;
  if (found->capture != 0) return s.invalidate(found->capture);
  if (waits) {
    wait_for(s, found->ready);
  } else {
    s.clock.spend(s.machine.calls.ask);
  }
  if (found->ready > s.clock.start()) return errc::not_ready;
  s.host.join(found->before);
  return errc::success;
}

inline errc begin_capture(state& s, stream_state& stream) {
  if (stream.capture != 0) return errc::invalid_value;
  if (stream.legacy) return errc::capture_unsupported;
  stream.capture = ++s.last_handle;
  s.captures[stream.capture] = {.first = stream.id};
  return errc::success;
}

/// Ends the capture that began in this stream; one with a stream that has not joined it again is invalid.
inline errc end_capture(state& s, stream_state& stream) {
  if (stream.capture == 0) return errc::invalid_value;
  const std::uint64_t id = stream.capture;
  if (s.captures.at(id).first != stream.id) return s.invalidate(id);
  s.streams.each([&](stream_state& each) {
    if (each.capture != id) return;
    const bool joined = each.id == stream.id || stream.before.covers(each.id, each.tick);
    if (!joined) s.invalidate(id);
    each.capture = 0;
  });
  const bool invalid = s.captures.at(id).invalid;
  s.captures.erase(id);
  return invalid ? errc::capture_unsupported : errc::success;
}

}  // namespace cmm::sim
