#include "daemon/token_file.h"

#include <sys/stat.h>

#include <algorithm>

#include "daemon/small_file.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

// Fits into a request's head with room to spare (net/limits.h).
constexpr size_t kTokenBytesMax = 4096;

std::string Trimmed(const std::string& text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool EverybodyReads(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0;
}

}  // namespace

Result<Token> ReadTokenFile(const std::string& path) {
  if (path.empty()) return Token{};
  Result<std::string> bytes = ReadSmallFile(path, kTokenBytesMax);
  if (!bytes.ok()) return bytes.status();
  Token token{Trimmed(*bytes), ""};
  const bool visible = std::all_of(token.text.begin(), token.text.end(),
                                   [](char c) { return c > ' ' && c < '\x7F'; });
  if (token.text.empty() || !visible) {
    return Status(
        StatusCode::kInvalidArgument,
        StrCat(path, " must hold one line of visible ASCII characters, no spaces among them"));
  }
  if (EverybodyReads(path)) {
    token.warning =
        StrCat("every user of this machine may read ", path, "; take that away with chmod o-r");
  }
  return token;
}

}  // namespace trifecta::daemon
