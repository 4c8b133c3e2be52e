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
inline errc synchronize(state& s, stream on) {
  const stream_state* const stream = s.find(on);
  if (stream == nullptr) return errc::invalid_value;
  if (stream->capture != 0) return s.invalidate(stream->capture);
  if (s.streams.is_legacy(on) && !s.captures.empty()) {
    s.invalidate_all();
    return errc::capture_implicit;
  }
  wait_for(s, stream->ready);
  s.host.join(stream->before);
  s.host.reach(stream->id, stream->tick);
  return errc::success;
}

/// The host waits for all work of the thread's device; not while anything is being captured.
inline errc synchronize_device(state& s) {
  if (!s.captures.empty()) {
    s.invalidate_all();
    return errc::capture_unsupported;
  }
  std::int64_t ready = 0;
  s.streams.each([&](const stream_state& each) {
    if (each.device != s.device()) return;
    ready = std::max(ready, each.ready);
    s.host.join(each.before);
    s.host.reach(each.id, each.tick);
  });
  wait_for(s, ready);
  return errc::success;
}

inline errc record(state& s, event e, stream on) {
  stream_state* const stream = s.find(on);
  event_state* const event = s.find(e);
  if (stream == nullptr || event == nullptr) return errc::invalid_value;
  s.clock.spend(s.machine.calls.event);
  if (s.streams.is_legacy(on)) {
    s.streams.each_per_thread(stream->device, [&](const stream_state& each) {
      stream->wait(each.ready, each.before);
      stream->before.reach(each.id, each.tick);
    });
  }
  stream->before.join(s.host);
  stream->before.reach(stream->id, stream->tick);
  *event = {.ready = std::max(stream->ready, s.clock.start()),
            .before = stream->before,
            .capture = stream->capture};
  return errc::success;
}

/// A stream that waits for a captured event joins the capture, and must be joined to its first stream before
/// that one ends it. A captured stream cannot wait for an event from outside, nor the legacy one for a
/// captured event.
inline errc wait(state& s, stream on, event e) {
  stream_state* const stream = s.find(on);
  const event_state* const event = s.find(e);
  if (stream == nullptr || event == nullptr) return errc::invalid_value;
  if (stream->capture != 0 && event->capture != stream->capture) return s.invalidate(stream->capture);
  const bool joins = event->capture != stream->capture && s.captures.contains(event->capture);
  if (joins && s.streams.is_legacy(on)) {
    s.invalidate(event->capture);
    return errc::capture_implicit;
  }
  s.clock.spend(s.machine.calls.event);
  stream->wait(event->ready, event->before);
  if (joins) {
    stream->capture = event->capture;
    stream->before.reach(stream->id, ++stream->tick);
  }
  return errc::success;
}

/// True when the capture rules forbid to ask about the event: the api works in relaxed capture mode, in which
/// only the events of a capture are out of reach.
inline bool breaks_capture(state& s, const event_state& event) {
  if (event.capture != 0) s.invalidate(event.capture);
  return event.capture != 0;
}

inline errc query(state& s, event e) {
  const event_state* const event = s.find(e);
  if (event == nullptr) return errc::invalid_value;
  if (breaks_capture(s, *event)) return errc::capture_unsupported;
  s.clock.spend(s.machine.calls.ask);
  if (event->ready > s.clock.start()) return errc::not_ready;
  s.host.join(event->before);
  return errc::success;
}

inline errc synchronize(state& s, event e) {
  const event_state* const event = s.find(e);
  if (event == nullptr) return errc::invalid_value;
  if (breaks_capture(s, *event)) return errc::capture_unsupported;
  wait_for(s, event->ready);
  s.host.join(event->before);
  return errc::success;
}

inline errc begin_capture(state& s, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr || stream->capture != 0) return errc::invalid_value;
  if (s.streams.is_legacy(on)) return errc::capture_unsupported;
  stream->capture = ++s.last_handle;
  s.captures[stream->capture] = {.first = stream->id};
  return errc::success;
}

/// Ends the capture that began in this stream; one with a stream that has not joined it again is invalid.
inline errc end_capture(state& s, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr || stream->capture == 0) return errc::invalid_value;
  const std::uint64_t id = stream->capture;
  if (s.captures.at(id).first != stream->id) return s.invalidate(id);
  s.streams.each([&](stream_state& each) {
    if (each.capture != id) return;
    const bool joined = each.id == stream->id || stream->before.covers(each.id, each.tick);
    if (!joined) s.invalidate(id);
    each.capture = 0;
  });
  const bool invalid = s.captures.at(id).invalid;
  s.captures.erase(id);
  return invalid ? errc::capture_unsupported : errc::success;
}

}  // namespace cmm::sim
