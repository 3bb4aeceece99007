// Status and Result: how every fallible call of Trifecta reports.
//
// The code is for branching, the text is for people: it names the file or node, what was expected
// and found, and what to do. An error is handled once, at the level that can do something about
// it; on the way there it is passed on unchanged or with a prefix (Status::WithContext).
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace trifecta {

enum class StatusCode {
  kOk,
  kInvalidArgument,   // the caller's input is wrong (HTTP 400, exit 2 or 64)
  kInvalidWord,       // a word or prefix breaks the rules of storage/base/word.h (HTTP 422)
  kNotFound,          // what was named is not there (HTTP 404)
  kAlreadyInUse,      // a folder or port is held by another process (exit 73 or 69)
  kPermissionDenied,  // the system refused access (exit 73)
  kUnavailable,       // not now: queue full, draining, peer away (HTTP 503)
  kTimeout,           // a deadline passed (HTTP 504)
  kTooLarge,          // above a named limit (HTTP 413)
  kDiskFull,          // no space left; reads go on (HTTP 507)
  kDataDamaged,       // bytes on disk fail their checks: file and offset in the text (exit 65)
  kIoError,           // the system failed to read, write or sync (exit 74)
  kCancelled,         // the other side went away, or we are stopping
  kInternal,          // a defect of Trifecta
};

// "data damaged" and so on: the code in words.
std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // "CONTEXT: message", same code. An ok status stays ok.
  Status WithContext(std::string_view context) const;
  // "data damaged: message", for logs and tests; "ok" when ok.
  std::string ToString() const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// The status for `errno_value` of a system call: "WHAT: No space left on device" with the code that
// fits it (ENOSPC and EDQUOT give kDiskFull, ENOENT kNotFound, EACCES and EPERM
// kPermissionDenied, everything else kIoError).
Status ErrnoStatus(int errno_value, std::string_view what);

// A value or the status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}        // NOLINT: implicit by intent
  Result(Status status) : state_(std::move(status)) {  // NOLINT: implicit by intent
    assert(!std::get<Status>(state_).ok());
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status::Ok() : std::get<Status>(state_); }

  // Only when ok().
  T& operator*() { return std::get<T>(state_); }
  const T& operator*() const { return std::get<T>(state_); }
  T* operator->() { return &std::get<T>(state_); }
  const T* operator->() const { return &std::get<T>(state_); }

 private:
  std::variant<Status, T> state_;
};

}  // namespace trifecta

// Passes a failure on to the caller.
#define TRIFECTA_RETURN_IF_ERROR(expression)                                      \
  do {                                                                            \
    if (::trifecta::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)
