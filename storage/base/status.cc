#include "storage/base/status.h"

#include <cerrno>
#include <system_error>

namespace trifecta {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid argument";
    case StatusCode::kInvalidWord:
      return "invalid word";
    case StatusCode::kNotFound:
      return "not found";
    case StatusCode::kAlreadyInUse:
      return "already in use";
    case StatusCode::kPermissionDenied:
      return "permission denied";
    case StatusCode::kUnavailable:
      return "unavailable";
    case StatusCode::kTimeout:
      return "timeout";
    case StatusCode::kTooLarge:
      return "too large";
    case StatusCode::kDiskFull:
      return "disk full";
    case StatusCode::kDataDamaged:
      return "data damaged";
    case StatusCode::kIoError:
      return "I/O error";
    case StatusCode::kCancelled:
      return "cancelled";
    case StatusCode::kInternal:
      return "internal error";
  }
  return "unknown status";
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return {code_, std::string(context) + ": " + message_};
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  return std::string(StatusCodeName(code_)) + ": " + message_;
}

Status ErrnoStatus(int errno_value, std::string_view what) {
  StatusCode code = StatusCode::kIoError;
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
      code = StatusCode::kDiskFull;
      break;
    case ENOENT:
      code = StatusCode::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = StatusCode::kPermissionDenied;
      break;
    default:
      break;
  }
  return {code, std::string(what) + ": " + std::system_category().message(errno_value)};
}

}  // namespace trifecta
