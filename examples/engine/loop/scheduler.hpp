#pragma once

#include <algorithm>
#include <cmm/kv/cache.hpp>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "../machine/batch.hpp"
#include "chosen_pages.hpp"
#include "conversation.hpp"
#include "request.hpp"

namespace engine {

/// Continuous batching: requests come in as soon as there is room for them and leave when they are answered;
/// where pages run out, the one that came last goes back into the queue, to be computed again.
template <class Cache>
class scheduler {
 public:
  scheduler(Cache& cache, std::span<const request> requests, const options& how)
      : cache_{cache},
        how_{how},
        chosen_{how},
        answers_(requests.size() * static_cast<std::size_t>(how.samples)) {
    for (std::size_t i = 0; i < requests.size(); ++i) waiting_.emplace_back(i, requests[i], how);
  }

  /// What the next step computes, without the slots; nothing when all requests are answered.
  const batch& next() {
    batch_ = {};
    chosen_.clear();
    budget_ = how_.chunk;
    for (std::size_t i = 0; i < running_.size(); ++i) extend(i);
    while (!waiting_.empty() && std::ssize(running_) < how_.batch && budget_ > 0 && admit()) {
    }
    return batch_;
  }

  /// After the cache's step: where the pages of this batch lie now. Lists of chosen pages go into the table.
  const batch& placed(std::span<std::int32_t> table) {
    const auto& tables = cache_.tables();
    for (token& each : batch_.tokens)
      each.slot = cache_.slot_at(tables.entry(each.row, each.position / how_.page));
    for (std::size_t i = 0; i < batch_.drawn.size(); ++i)
      batch_.drawn[i].slot = cache_.slot_at(drawn_entries_[i]);
    chosen_.place(cache_, batch_, table);
    return batch_;
  }

  /// What the model said to the wanted tokens, in their order.
  void take(std::span<const next_token> said) {
    for (std::size_t i = 0, running = running_.size(); i < running; ++i) {
      if (running_[i].asked == none) continue;
      const next_token next = said[static_cast<std::size_t>(running_[i].asked)];
      while (running_[i].samples > 1) fork(i, next);
      say(running_[i], next);
    }
    for (const conversation& each : running_) {
      if (each.is_answered()) cache_.free(each.pages);
    }
    std::erase_if(running_, [](const conversation& each) { return each.is_answered(); });
  }

  [[nodiscard]] const std::vector<answer>& answers() const noexcept { return answers_; }
  [[nodiscard]] std::size_t preempted() const noexcept { return preempted_; }

 private:
  static constexpr std::int32_t none = cmm::kv::none;

  void say(conversation& of, const next_token& next) {
    answers_[of.index].tokens.push_back(next.id);
    answers_[of.index].checksum = mixed(answers_[of.index].checksum, next.checksum);
    of.say(next.id);
  }

  /// Another answer to the same prompt, in the same pages; it begins with another token. Without a row in the
  /// cache it waits, and finds its prompt by key.
  void fork(std::size_t index, next_token next) {
    conversation other = running_[index];
    const std::int32_t number = --running_[index].samples;
    other.index += static_cast<std::size_t>(number);
    other.samples = 1;
    other.asked = none;
    other.pages =
        std::ssize(running_) < how_.batch ? cache_.fork(running_[index].pages) : cmm::kv::sequence{};
    next.id = (next.id + number) % how_.model.vocabulary;
    say(other, next);
    if (other.pages) {
      running_.push_back(std::move(other));
    } else if (!other.is_answered()) {
      waiting_.push_front(std::move(other));
    }
  }

  /// Puts the next tokens of a running conversation into the batch, at the cost of younger ones.
  void extend(std::size_t index) {
    running_[index].asked = none;
    const std::int32_t count = share_of(running_[index]);
    while (count > 0 && !cache_.append(running_[index].pages, count)) {
      const bool itself = running_.size() == index + 1;
      preempt();
      if (itself) return;
    }
    schedule(running_[index], count);
  }

  [[nodiscard]] std::int32_t share_of(const conversation& of) const noexcept {
    return of.left() == 1 ? 1 : std::min(of.left(), budget_);
  }

  void preempt() {
    cache_.free(running_.back().pages);
    waiting_.push_front(std::move(running_.back()));
    running_.pop_back();
    ++preempted_;
  }

  /// Starts the first waiting conversation with the pages that hold its beginning already.
  bool admit() {
    conversation& first = waiting_.front();
    first.pages = how_.unshared ? cache_.start() : cache_.start(first.keys_before_last());
    if (!first.pages) return false;
    first.computed = static_cast<std::int32_t>(cache_.tokens(first.pages));
    const std::int32_t drawn = how_.drawn ? std::max(first.prompt - 1 - first.computed, 0) : 0;
    const std::int32_t count = std::min(first.left() - drawn, budget_);
    if (!cache_.append(first.pages, drawn + count)) {
      cache_.free(first.pages);
      return false;
    }
    draw(first, drawn);
    running_.push_back(std::move(first));
    waiting_.pop_front();
    schedule(running_.back(), count);
    return true;
  }

  void draw(conversation& of, std::int32_t count) {
    if (count == 0) return;
    if (batch_.drawn.empty()) drawn_entries_.clear();
    const std::int32_t begin = of.computed / how_.page, end = (of.computed + count - 1) / how_.page;
    for (std::int32_t page = begin; page <= end; ++page) {
      drawn_entries_.push_back(cache_.tables().entry(of.pages.row, page));
      batch_.drawn.push_back({0, of.seed_of(page)});
    }
    of.computed += count;
    name_full_pages(of, of.computed - count);
  }

  void schedule(conversation& of, std::int32_t count) {
    const std::int32_t before = of.computed;
    if (of.left() > 1) budget_ -= count;
    for (std::int32_t i = 0; i < count; ++i, ++of.computed) {
      batch_.tokens.push_back(
          {of.tokens[static_cast<std::size_t>(of.computed)], of.computed, 0, of.pages.row, of.computed + 1});
    }
    of.asked = none;
    if (count > 0 && of.left() == 0) {
      of.asked = static_cast<std::int32_t>(batch_.wanted.size());
      batch_.wanted.push_back(static_cast<std::int32_t>(batch_.tokens.size()) - 1);
    }
    chosen_.choose(cache_, of, batch_, count);
    name_full_pages(of, before);
  }

  /// So that others which begin alike find them.
  void name_full_pages(const conversation& of, std::int32_t before) {
    if (how_.unshared) return;
    for (std::int32_t page = before / how_.page; page < of.computed / how_.page; ++page)
      cache_.name(of.pages, page, of.keys[static_cast<std::size_t>(page)]);
  }

  Cache& cache_;
  options how_;
  std::deque<conversation> waiting_;
  std::vector<conversation> running_;
  batch batch_;
  std::vector<std::int32_t> drawn_entries_;
  chosen_pages chosen_;
  std::vector<answer> answers_;
  std::int32_t budget_ = 0;
  std::size_t preempted_ = 0;
};

}  // namespace engine
