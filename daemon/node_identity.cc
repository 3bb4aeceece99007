#include "daemon/node_identity.h"

#include <sys/random.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "daemon/small_file.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"

namespace trifecta::daemon {
namespace {

constexpr std::string_view kHeader = "trifecta-node 1\n";
constexpr size_t kUuidLength = 36;
// The file is 78 bytes long.
constexpr size_t kFileBytesMax = 4096;

std::string Encode(std::string_view id) {
  std::string text = StrCat(kHeader, "id ", id, "\n");
  char crc[16];
  std::snprintf(crc, sizeof crc, "%08x", Crc32c(text));
  return StrCat(text, "crc32c ", crc, "\n");
}

Result<std::string> Decode(const std::string& path, std::string_view text) {
  const std::string_view id =
      text.size() < kHeader.size() + 3 ? "" : text.substr(kHeader.size() + 3, kUuidLength);
  // There is one right file for each id, so writing it again checks every byte of it.
  if (IsUuid(id) && Encode(id) == text) return std::string(id);
  return Status(
      StatusCode::kDataDamaged,
      StrCat(path, ": offset 0: the node's identity is damaged; restore this file from a ",
             "copy of the data folder. Without it the node counts as a new one: only ",
             "where it is alone in its cluster, remove the file and start again"));
}

}  // namespace

Result<std::string> LoadOrMakeNodeId(const std::string& folder) {
  const std::string path = StrCat(folder, "/", kNodeFileName);
  Result<std::string> text = ReadSmallFile(path, kFileBytesMax);
  if (text.ok()) return Decode(path, *text);
  if (text.status().code() == StatusCode::kTooLarge) return Decode(path, "");
  if (text.status().code() != StatusCode::kNotFound) return text.status();
  std::string id = MakeUuid();
  TRIFECTA_RETURN_IF_ERROR(WriteSmallFile(path, Encode(id)));
  return id;
}

std::string MakeUuid() {
  std::array<unsigned char, 16> bytes{};
  // For so few bytes it neither fails nor gives less, once the system has booted.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);  // version 4: random
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);  // the variant of RFC 9562
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    constexpr std::string_view kDigits = "0123456789abcdef";
    text.push_back(kDigits[bytes[i] >> 4]);
    text.push_back(kDigits[bytes[i] & 0x0F]);
  }
  return text;
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !digit) return false;
  }
  return true;
}

}  // namespace trifecta::daemon
