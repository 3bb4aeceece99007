#include "storage/check_node_files.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base/text.h"
#include "storage/file_names.h"

namespace trifecta::storage {
namespace {

constexpr std::string_view kNodeMagic = "trifecta-node ";
constexpr std::string_view kIncarnationMagic = "trifecta-incarnation ";
constexpr std::string_view kTextChecksum = "crc32c ";
constexpr size_t kHexDigits = 8;

constexpr std::string_view kClockMagic = "TRIFCLK1";
constexpr size_t kClockCheckedBytes = 16;
constexpr size_t kClockRecordBytes = 20;
constexpr size_t kClockSlotOffset = 4096;  // of the second slot

constexpr std::string_view kNames[] = {kNodeFile, kClockFile, kIncarnationFile, kRingFile};
constexpr std::string_view kUnfinished = ".new";

bool TextIsWhole(std::string_view bytes, std::string_view magic) {
  const size_t last_line = kTextChecksum.size() + kHexDigits + 1;
  if (!bytes.starts_with(magic) || bytes.size() < last_line) return false;
  const std::string_view checked = bytes.substr(0, bytes.size() - last_line);
  std::string hex;
  for (int shift = 28; shift >= 0; shift -= 4) {
    hex += "0123456789abcdef"[Crc32c(checked) >> shift & 15];
  }
  return bytes.substr(checked.size()) == StrCat(kTextChecksum, hex, "\n");
}

bool RingIsWhole(std::string_view bytes) {
  uint32_t checksum = 0;
  if (bytes.size() < sizeof checksum) return false;
  const std::string_view checked = bytes.substr(0, bytes.size() - sizeof checksum);
  checksum = LoadFixed<uint32_t>(bytes.data() + checked.size());
  return checksum == Crc32c(checked);
}

bool ClockSlotIsWhole(std::string_view bytes, size_t offset) {
  if (bytes.size() < offset + kClockRecordBytes) return false;
  const std::string_view slot = bytes.substr(offset, kClockRecordBytes);
  return slot.starts_with(kClockMagic) && LoadFixed<uint32_t>(slot.data() + kClockCheckedBytes) ==
                                              Crc32c(slot.substr(0, kClockCheckedBytes));
}

Status CheckWhole(CheckReport* report, std::string_view name, std::string_view fault,
                  bool (*is_whole)(std::string_view bytes)) {
  const std::string path = PathIn(report->folder(), name);
  auto bytes = report->Read(path);
  if (!bytes.ok()) return bytes.status();
  if (bytes->has_value() && !is_whole(**bytes)) report->AddFault(path, 0, fault);
  return Status::Ok();
}

}  // namespace

bool IsNodeFile(std::string_view name) {
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool IsUnfinishedNodeFile(std::string_view name) {
  if (!name.ends_with(kUnfinished)) return false;
  name.remove_suffix(kUnfinished.size());
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

Status CheckNodeFile(CheckReport* report) {
  return CheckWhole(report, kNodeFile, "the node's identity is damaged",
                    [](std::string_view bytes) { return TextIsWhole(bytes, kNodeMagic); });
}

Status CheckIncarnationFile(CheckReport* report) {
  return CheckWhole(report, kIncarnationFile, "the number of the node's life is damaged",
                    [](std::string_view bytes) { return TextIsWhole(bytes, kIncarnationMagic); });
}

Status CheckRingFile(CheckReport* report) {
  return CheckWhole(report, kRingFile, "what the node has promised about the ring is damaged",
                    RingIsWhole);
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
