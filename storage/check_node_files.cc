#include "storage/check_node_files.h"

#include <charconv>
#include <optional>
#include <string>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"
#include "storage/file_names.h"

namespace trifecta::storage {
namespace {

constexpr std::string_view kNodeMagic = "trifecta-node ";
constexpr std::string_view kNodeChecksum = "crc32c ";
constexpr size_t kHexDigits = 8;

constexpr std::string_view kClockMagic = "TRIFCLK1";
constexpr size_t kClockCheckedBytes = 16;
constexpr size_t kClockRecordBytes = 20;
constexpr size_t kClockSlotOffset = 4096;  // of the second slot

bool NodeFileIsWhole(std::string_view bytes) {
  const size_t last_line = kNodeChecksum.size() + kHexDigits + 1;
  if (!bytes.starts_with(kNodeMagic) || bytes.size() < last_line) return false;
  const std::string_view checked = bytes.substr(0, bytes.size() - last_line);
  std::string hex;
  for (int shift = 28; shift >= 0; shift -= 4) {
    hex += "0123456789abcdef"[Crc32c(checked) >> shift & 15];
  }
  return bytes.substr(checked.size()) == StrCat(kNodeChecksum, hex, "\n");
}

bool ClockSlotIsWhole(std::string_view bytes, size_t offset) {
  if (bytes.size() < offset + kClockRecordBytes) return false;
  const std::string_view slot = bytes.substr(offset, kClockRecordBytes);
  return slot.starts_with(kClockMagic) && LoadFixed<uint32_t>(slot.data() + kClockCheckedBytes) ==
                                              Crc32c(slot.substr(0, kClockCheckedBytes));
}

}  // namespace

Status CheckNodeFile(CheckReport* report) {
  const std::string path = PathIn(report->folder(), kNodeFile);
  auto bytes = report->Read(path);
  if (!bytes.ok()) return bytes.status();
  if (bytes->has_value() && !NodeFileIsWhole(**bytes)) {
    report->AddFault(path, 0, "the node's identity is damaged");
  }
  return Status::Ok();
}

Status CheckClockFile(CheckReport* report) {
  const std::string path = PathIn(report->folder(), kClockFile);
  auto bytes = report->Read(path);
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) return Status::Ok();
  if ((*bytes)->size() < kClockSlotOffset + kClockRecordBytes) {
    report->AddNote(path, "its making was cut short; the next start makes it anew");
    return Status::Ok();
  }
  const bool first = ClockSlotIsWhole(**bytes, 0);
  const bool second = ClockSlotIsWhole(**bytes, kClockSlotOffset);
  if (!first && !second) {
    report->AddFault(path, 0, "neither slot of the clock's ceiling is whole");
  } else if (!first || !second) {
    report->AddNote(path, StrCat("the slot at offset ", first ? kClockSlotOffset : 0,
                                 " is torn, as power loss may leave it; the other one counts"));
  }
  return Status::Ok();
}

}  // namespace trifecta::storage
