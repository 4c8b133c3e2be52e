// The kernels that move pages between the two memories of a range. They are carried as PTX by
// include/cmm/cuda/page_mover_ptx.hpp, which tools/ptx/write.py makes from this file.
//
// Each thread block takes an equal part of each of the three lists, and neighbours begin with different
// lists, so that both ways of the link are in use at any time.

#include <cmm/core/page_moves.hpp>

namespace {

using cmm::moved_piece;
using cmm::page_moves;
using cmm::page_pair;
using wide = unsigned long long;

enum class way : unsigned { up, down, swap };

/// A run of bytes in both memories.
struct run {
  char* fast;
  char* beyond;
  unsigned bytes;
};

/// The part of a list of pages that a thread block moves: its pairs, and the segments of these pages from
/// `begin` to `end`, counted from the first page of the list.
struct part {
  const page_pair* pairs;
  wide begin;
  wide end;

  __device__ part(const page_moves& all, way which) {
    const unsigned before = which == way::up ? 0 : which == way::down ? all.up : all.up + all.down;
    const unsigned count = which == way::up ? all.up : which == way::down ? all.down : all.swap;
    const wide total = wide{count} * all.segments;
    pairs = all.pairs + before;
    begin = total * blockIdx.x / gridDim.x;
    end = total * (blockIdx.x + 1) / gridDim.x;
  }
};

/// The piece of a page that holds one of its segments.
__device__ const moved_piece& piece_of(const page_moves& all, unsigned segment) {
  unsigned low = 0;
  for (unsigned high = all.piece_count; high - low > 1;) {
    const unsigned middle = (low + high) / 2;
    (all.pieces[middle].first <= segment ? low : high) = middle;
  }
  return all.pieces[low];
}

__device__ run place(const moved_piece& piece, page_pair pair, wide offset, unsigned most) {
  const wide left = piece.bytes - offset;
  return {piece.fast + wide{static_cast<unsigned>(pair.fast)} * piece.stride + offset,
          piece.beyond + wide{static_cast<unsigned>(pair.beyond)} * piece.stride + offset,
          left < most ? static_cast<unsigned>(left) : most};
}

/// The last thread block tells the CPU. For one thread of each, when the block has done all.
__device__ void tell_when_done(const page_moves& all) {
  const unsigned last = gridDim.x - 1;
  if (atomicInc(all.blocks_done, last) != last) return;  // it is 0 again after the last one
  __threadfence_system();
  *static_cast<volatile unsigned*>(all.done) = 1;
}

#if __CUDA_ARCH__ < 900

constexpr unsigned threads = 512;  // of 128 registers each, half of which hold what is on its way
constexpr unsigned lanes = 32;
constexpr unsigned warps = threads / lanes;
constexpr unsigned window = threads;  // pairs that a thread block holds at a time
constexpr int loads = page_moves::segment / (lanes * sizeof(uint4));

/// A segment that one warp has on its way from one memory to the other.
struct held {
  uint4 words[loads];
  char* to;
  unsigned bytes;

  __device__ void load(char* target, const char* from, unsigned size) {
    to = target;
    bytes = size;
#pragma unroll
    for (int i = 0; i < loads; ++i) {
      if (at(i) < bytes) words[i] = __ldcs(reinterpret_cast<const uint4*>(from + at(i)));
    }
  }
  __device__ void store() const {
#pragma unroll
    for (int i = 0; i < loads; ++i) {
      if (at(i) < bytes) __stcs(reinterpret_cast<uint4*>(to + at(i)), words[i]);
    }
  }

 private:
  __device__ static unsigned at(int i) { return (threadIdx.x % lanes + i * lanes) * sizeof(uint4); }
};

/// The segments of a window that one warp takes, one after another.
class walk {
 public:
  __device__ walk(const page_moves& all, const page_pair* pairs, unsigned begin, unsigned end)
      : all_{all}, pairs_{pairs}, left_{end}, at_{begin + threadIdx.x / lanes} {
    page_ = at_ / all.segments;
    segment_ = at_ % all.segments;
  }
  __device__ bool next(run& out) {
    if (at_ >= left_) return false;
    const moved_piece& piece = piece_of(all_, segment_);
    out = place(piece, pairs_[page_], (segment_ - piece.first) * page_moves::segment, page_moves::segment);
    at_ += warps;
    segment_ += warps;
    if (segment_ >= all_.segments) {
      page_ += segment_ / all_.segments;
      segment_ %= all_.segments;
    }
    return true;
  }

 private:
  const page_moves& all_;
  const page_pair* pairs_;
  unsigned left_;
  unsigned at_;
  unsigned page_;
  unsigned segment_;
};

/// Both sides of a segment that are exchanged, or two segments that go one way, are on their way at once.
__device__ void move(walk segments, way which) {
  run here;
  held one;
  held other;
  while (segments.next(here)) {
    if (which == way::swap) {
      one.load(here.fast, here.beyond, here.bytes);
      other.load(here.beyond, here.fast, here.bytes);
    } else {
      const bool up = which == way::up;
      one.load(up ? here.fast : here.beyond, up ? here.beyond : here.fast, here.bytes);
      if (!segments.next(here)) here.bytes = 0;
      other.load(up ? here.fast : here.beyond, up ? here.beyond : here.fast, here.bytes);
    }
    one.store();
    other.store();
  }
}

/// Pairs lie in host memory: those of the next window are on their way while this one is moved.
__device__ void move_part(const page_moves& all, way which, page_pair* room) {
  const part mine{all, which};
  if (mine.begin >= mine.end) return;
  const wide last = (mine.end - 1) / all.segments;
  wide page = mine.begin / all.segments;
  page_pair next{};
  if (page + threadIdx.x <= last) next = mine.pairs[page + threadIdx.x];
  for (; page <= last; page += window) {
    __syncthreads();
    room[threadIdx.x] = next;
    __syncthreads();
    const wide later = page + window + threadIdx.x;
    if (later <= last) next = mine.pairs[later];
    const wide first = page * all.segments;
    const wide most = wide{window} * all.segments;
    const auto begin = static_cast<unsigned>(mine.begin > first ? mine.begin - first : 0);
    const auto end = static_cast<unsigned>(mine.end - first < most ? mine.end - first : most);
    move({all, room, begin, end}, which);
  }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(threads, 1)
    cmm_move_pages_by_registers(const __grid_constant__ page_moves all) {
  __shared__ page_pair room[window];
  for (unsigned turn = 0; turn < 3; ++turn) {
    move_part(all, static_cast<way>((blockIdx.x + turn) % 3), room);
  }
  __syncthreads();
  if (threadIdx.x == 0) tell_when_done(all);
}

#else

constexpr unsigned lag = 2;      // stores that may still read their chunk when the next load begins
constexpr unsigned window = 64;  // pairs that are fetched at a time

__device__ unsigned shared_address(const void* p) {
  return static_cast<unsigned>(__cvta_generic_to_shared(p));
}

/// Tells that the bytes of a bulk copy into shared memory have come.
class arrival {
 public:
  __device__ void prepare() {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(shared_address(&word_)) : "memory");
  }
  __device__ void fetch(void* to, const void* from, unsigned bytes) {
    const unsigned here = shared_address(&word_);
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(here), "r"(bytes) : "memory");
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
            shared_address(to)),
        "l"(__cvta_generic_to_global(from)), "r"(bytes), "r"(here)
        : "memory");
  }
  /// Each wait is for the fetch after the one that the last wait was for.
  __device__ void wait(unsigned turn) {
    unsigned done = 0;
    while (done == 0) {
      asm volatile(
          "{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
          : "=r"(done)
          : "r"(shared_address(&word_)), "r"(turn & 1U)
          : "memory");
    }
  }

 private:
  wide word_;
};

__device__ void put(void* to, const void* from, unsigned bytes) {
  asm volatile(
      "cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(__cvta_generic_to_global(to)),
      "r"(shared_address(from)), "r"(bytes)
      : "memory");
  asm volatile("cp.async.bulk.commit_group;" ::: "memory");
}
template <unsigned Younger>
__device__ void wait_until_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(Younger) : "memory");
}

/// Shared memory for two windows of pairs.
struct pair_rooms {
  alignas(16) page_pair pairs[2][window];
  arrival come[2];
};

/// Pairs of a list, one after another; each window is fetched while the one before it is in use.
class pair_windows {
 public:
  __device__ explicit pair_windows(pair_rooms& rooms) : rooms_{rooms} {
    for (arrival& each : rooms_.come) each.prepare();
  }
  __device__ void begin(const page_pair* pairs, wide first, wide last) {
    // Two pairs are 16 bytes, at which a bulk copy begins and ends: one too many at either end is not used.
    const auto odd = static_cast<unsigned>(reinterpret_cast<wide>(pairs + first) / sizeof(page_pair) % 2);
    pairs_ = pairs + first - odd;
    left_ = last - first + 1 + odd;
    left_ += left_ % 2;
    at_ = odd;
    give_back();
    fetch();
    fetch();
    come();
  }
  __device__ page_pair current() const { return rooms_.pairs[reading_ % 2][at_]; }
  __device__ void next() {
    if (++at_ < window) return;
    at_ = 0;
    give_back();
    ++reading_;
    fetch();
    come();
  }
  /// A window that was fetched and not read is waited for, so that the next list finds both rooms free.
  __device__ void end() {
    for (++reading_; reading_ < asked_; ++reading_) come();
  }

 private:
  /// What this thread has read may be overwritten by bulk copies.
  __device__ static void give_back() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
  __device__ void come() { rooms_.come[reading_ % 2].wait(reading_ / 2); }
  __device__ void fetch() {
    if (left_ == 0) return;
    const auto some = static_cast<unsigned>(left_ < window ? left_ : window);
    rooms_.come[asked_ % 2].fetch(rooms_.pairs[asked_ % 2], pairs_, some * sizeof(page_pair));
    pairs_ += some;
    left_ -= some;
    ++asked_;
  }

  pair_rooms& rooms_;
  const page_pair* pairs_ = nullptr;
  wide left_ = 0;
  unsigned at_ = 0;
  unsigned reading_ = 0;
  unsigned asked_ = 0;
};

/// Where a chunk of the ring goes.
struct chunk {
  arrival come;
  char* to;
  unsigned bytes;
};

/// Chunks that are on their way into shared memory, or from there to where they go. One thread fetches and
/// puts all of them, in order.
class ring {
 public:
  __device__ ring(char* room, chunk* chunks, const page_moves& all)
      : room_{room}, chunks_{chunks}, bytes_{all.chunk}, count_{all.chunks} {
    for (unsigned i = 0; i < count_; ++i) chunks_[i].come.prepare();
  }
  /// Chunks that can be fetched before one must be put.
  __device__ unsigned free() const { return count_ - lag - on_their_way_; }
  __device__ unsigned on_their_way() const { return on_their_way_; }

  __device__ void fetch(char* to, const char* from, unsigned bytes) {
    wait_until_read<lag>();
    chunk& slot = chunks_[next_];
    slot.to = to;
    slot.bytes = bytes;
    slot.come.fetch(room_ + next_ * bytes_, from, bytes);
    if (++next_ == count_) next_ = 0;
    ++on_their_way_;
  }
  /// Puts the oldest ones where they go, once all of them have come.
  __device__ void put_oldest(unsigned some) {
    unsigned slot = oldest_;
    unsigned turn = turn_;
    for (unsigned i = 0; i < some; ++i) {
      chunks_[slot].come.wait(turn);
      if (++slot == count_) {
        slot = 0;
        ++turn;
      }
    }
    for (unsigned i = 0; i < some; ++i) {
      const chunk& one = chunks_[oldest_];
      put(one.to, room_ + oldest_ * bytes_, one.bytes);
      if (++oldest_ == count_) oldest_ = 0;
    }
    turn_ = turn;
    on_their_way_ -= some;
  }

 private:
  char* room_;
  chunk* chunks_;
  unsigned bytes_;
  unsigned count_;
  unsigned next_ = 0;
  unsigned oldest_ = 0;
  unsigned turn_ = 0;
  unsigned on_their_way_ = 0;
};

/// The chunks of a part, one after another; none reaches over the end of a piece.
class chunk_walk {
 public:
  __device__ chunk_walk(const page_moves& all, const part& mine, pair_windows& pairs)
      : all_{all}, pairs_{pairs}, left_{mine.end - mine.begin} {
    const wide first = mine.begin / all.segments;
    pairs_.begin(mine.pairs, first, (mine.end - 1) / all.segments);
    const auto segment = static_cast<unsigned>(mine.begin % all.segments);
    piece_ = &piece_of(all, segment);
    offset_ = (segment - piece_->first) * page_moves::segment;
  }
  __device__ bool more() const { return left_ > 0; }
  __device__ run next() {
    const wide rest = left_ * page_moves::segment;
    const unsigned most = rest < all_.chunk ? static_cast<unsigned>(rest) : all_.chunk;
    const run found = place(*piece_, pairs_.current(), offset_, most);
    left_ -= (found.bytes + page_moves::segment - 1) / page_moves::segment;
    offset_ += found.bytes;
    if (offset_ >= piece_->bytes) {
      offset_ = 0;
      if (++piece_ == all_.pieces + all_.piece_count) {
        piece_ = all_.pieces;
        if (left_ > 0) pairs_.next();
      }
    }
    return found;
  }

 private:
  const page_moves& all_;
  pair_windows& pairs_;
  const moved_piece* piece_;
  wide offset_;
  wide left_;
};

__device__ void move_part(const page_moves& all, way which, pair_windows& pairs, ring& moving) {
  const part mine{all, which};
  if (mine.begin >= mine.end) return;
  const unsigned each = which == way::swap ? 2 : 1;
  chunk_walk chunks{all, mine, pairs};
  while (chunks.more() || moving.on_their_way() > 0) {
    while (chunks.more() && moving.free() >= each) {
      const run at = chunks.next();
      if (which != way::down) moving.fetch(at.fast, at.beyond, at.bytes);
      if (which != way::up) moving.fetch(at.beyond, at.fast, at.bytes);
    }
    moving.put_oldest(each);
  }
  pairs.end();
}

}  // namespace

extern "C" __global__ void __launch_bounds__(32, 1)
    cmm_move_pages_by_ring(const __grid_constant__ page_moves all) {
  extern __shared__ __align__(128) char room[];
  __shared__ pair_rooms rooms;
  if (threadIdx.x != 0) return;
  pair_windows pairs{rooms};
  ring moving{room, reinterpret_cast<chunk*>(room + all.chunks * all.chunk), all};
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");  // bulk copies see the barriers
  for (unsigned turn = 0; turn < 3; ++turn) {
    move_part(all, static_cast<way>((blockIdx.x + turn) % 3), pairs, moving);
  }
  asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
  tell_when_done(all);
}

#endif
