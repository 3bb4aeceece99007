#include "daemon/access_token.h"

#include <cstddef>
#include <utility>

namespace trifecta::daemon {
namespace {

// Compares all bytes whatever differs first. The length of the token is not kept secret.
bool EqualInConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

// The scheme's name is case-insensitive (RFC 9110, section 11.1).
bool HasBearerScheme(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size()) return false;
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != kScheme[i]) return false;
  }
  return true;
}

}  // namespace

void AccessToken::Set(std::string token) {
  std::lock_guard lock(mutex_);
  token_ = std::move(token);
  required_.store(!token_.empty(), std::memory_order_release);
}

std::string AccessToken::text() const {
  std::lock_guard lock(mutex_);
  return token_;
}

bool AccessToken::Allows(std::string_view authorization) const {
  if (!required()) return true;
  if (!HasBearerScheme(authorization)) return false;
  authorization.remove_prefix(authorization.find(' '));
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  while (authorization.ends_with(' ')) authorization.remove_suffix(1);
  std::lock_guard lock(mutex_);
  return EqualInConstantTime(authorization, token_);
}

}  // namespace trifecta::daemon
