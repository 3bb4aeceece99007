// A file of words, or standard input, as its plain bytes: gzip, zstd and xz are recognised by their
// first bytes, whatever the name, and undone (libarchive, in input.cc alone; gzip:
// cmd/gzip_reader.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace trifecta::cmd {

// Read by one thread; consumed() may be asked by any.
class Input {
 public:
  // "-" is `in_fd`, which is not closed. The failure names the file. Reading ends with kCancelled
  // as soon as `cancel_fd` (-1: none) is readable.
  static Result<std::unique_ptr<Input>> Open(const std::string& path, int in_fd, int cancel_fd);
  virtual ~Input() = default;

  // The next bytes, valid until the next call; empty at the end. kDataDamaged for compressed data
  // that is broken or ends too early, kIoError when the file cannot be read; the failure names the
  // file.
  virtual Result<std::string_view> Read() = 0;

  // The path, or "standard input".
  const std::string& name() const { return name_; }
  int fd() const { return fd_; }
  // Bytes read so far, as stored (compressed); and how many there are, 0 when that is not known.
  uint64_t consumed() const { return consumed_.load(std::memory_order_relaxed); }
  uint64_t size() const { return size_; }

 protected:
  Input(std::string name, int fd, uint64_t size) : name_(std::move(name)), fd_(fd), size_(size) {}

  const std::string name_;
  const int fd_;
  const uint64_t size_;
  std::atomic<uint64_t> consumed_ = 0;
};

}  // namespace trifecta::cmd
