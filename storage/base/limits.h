// Every bound of the storage side and of words, with its unit and its reason. The bounds of HTTP
// are in net/limits.h, those an operator may set are in daemon/config.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace trifecta {

// A word or prefix, in bytes. A percent-encoded word of this size still fits an 8 KiB request line.
inline constexpr size_t kWordBytesMax = 1024;

// Words of one Store::Write call: one log frame. Keeps a frame below kLogFrameBytesMax and the time
// that other writers wait for it below some 20 ms.
inline constexpr size_t kWriteEntriesMax = 65'536;

// One frame of the log, in bytes: the entries of all writers that share a sync. The store keeps its
// groups below a quarter of it; a longer length field is damage.
inline constexpr size_t kLogFrameBytesMax = 256u << 20;

// Entries of one page of a search or scan: what a reader may hold at once.
inline constexpr size_t kPageEntriesMax = 10'000;

}  // namespace trifecta
