#include "storage/log_recovery.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "storage/base/text.h"
#include "storage/file_names.h"
#include "storage/log_format.h"

namespace trifecta::storage {
namespace {

constexpr std::string_view kAdvice =
    "; restore the data folder from a replica or a backup (`trifecta check` lists every fault)";

// A segment as it was found.
struct Found {
  LogSegment segment;
  bool used_before = false;  // the bytes behind its frames may be none of its own
  size_t dirty_end = 0;      // behind segment.end: where the bytes end that are no frame of it
  size_t last_offset = 0;    // of the last frame,
  std::string last_frame;    // and its bytes
  bool dirty() const { return dirty_end > segment.end; }
};

class Recovery {
 public:
  Recovery(const LogOptions& options, uint64_t covered, const Log::Replay& replay)
      : options_(options), covered_(covered), replay_(replay) {}

  // Reads and replays everything, and changes nothing.
  Status Read() {
    auto names = options_.file_system->List(options_.folder);
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      const auto parsed = ParseFileName(name);
      if (parsed && parsed->kind == FileKind::kSpare) {
        unfinished_.push_back(PathIn(options_.folder, name));
      }
      if (!parsed || parsed->kind != FileKind::kLog) continue;
      TRIFECTA_RETURN_IF_ERROR(ReadSegment(parsed->number));
      recovered_.next_number = parsed->number + 1;
    }
    recovered_.last_sequence = std::max(last_, covered_);
    return CheckTail();
  }

  // Leaves the folder fit for appends, durably.
  Status Settle() {
    for (const std::string& path : unfinished_) {
      TRIFECTA_RETURN_IF_ERROR(options_.file_system->Remove(path));
    }
    for (Found& found : found_) TRIFECTA_RETURN_IF_ERROR(SettleSegment(&found));
    // A segment removed here must not come back: a torn frame in it would look like a second one.
    return options_.file_system->SyncFolder(options_.folder);
  }

  RecoveredLog& recovered() { return recovered_; }

 private:
  Status Damaged(const std::string& path, size_t offset, std::string_view what) const {
    return {StatusCode::kDataDamaged, StrCat(path, ": offset ", offset, ": ", what, kAdvice)};
  }

  Status ReadSegment(uint64_t number) {
    const std::string path = PathIn(options_.folder, LogName(number));
    auto bytes = options_.file_system->ReadAll(path);
    if (!bytes.ok()) return bytes.status();
    const auto header = DecodeSegmentHeader(*bytes);
    if (!header) return CheckUnfinished(path, *bytes);
    if (!header->known()) {
      return {StatusCode::kDataDamaged,
              StrCat(path, ": offset 8: log format version ", header->version,
                     "; this program reads versions up to ", kLogFormatUsedBefore)};
    }
    if (header->number != number) return Damaged(path, 24, "a segment under another one's name");
    Found found;
    found.segment = {.number = number, .salt = header->salt, .bytes = bytes->size(), .path = path};
    found.used_before = header->used_before();
    TRIFECTA_RETURN_IF_ERROR(ReadFrames(*bytes, &found));
    found_.push_back(std::move(found));
    return Status::Ok();
  }

  // A file without a header, all zeros: a segment whose making was cut short.
  Status CheckUnfinished(const std::string& path, const std::string& bytes) {
    if (bytes.find_first_not_of('\0') != std::string::npos) {
      return Damaged(path, 0, "the header of a log segment is damaged");
    }
    unfinished_.push_back(path);
    return Status::Ok();
  }

  Status ReadFrames(std::string_view bytes, Found* found) {
    LogSegment& segment = found->segment;
    SegmentReader reader(bytes, segment.salt);
    while (const auto frame = reader.Next()) {
      TRIFECTA_RETURN_IF_ERROR(CheckSequence(segment, *frame));
      last_ = segment.last = frame->sequence;
      found->last_offset = frame->offset;
      if (last_ > covered_) TRIFECTA_RETURN_IF_ERROR(ReplayFrame(segment.path, *frame));
    }
    const uint64_t next = std::max(last_, covered_) + 1;
    segment.end = reader.end();
    found->last_frame = bytes.substr(found->last_offset, segment.end - found->last_offset);
    found->dirty_end = found->used_before ? reader.TornEnd(next) : reader.DirtyEnd();
    if (reader.DirtyEnd() > segment.end && reader.FindBeyond(last_ + 1, next)) {
      return Damaged(segment.path, segment.end, "a log frame is damaged and valid ones follow it");
    }
    // At a segment's first place stands what its first frame left, or the first one of an earlier
    // use, which is covered.
    if (found->used_before && segment.empty() && reader.SequenceAtEnd() > next) {
      return Gap(segment.path, segment.end, reader.SequenceAtEnd());
    }
    return Status::Ok();
  }

  Status ReplayFrame(const std::string& path, const Frame& frame) {
    auto entries = decoder_.Decode(frame);
    if (!entries.ok()) return entries.status().WithContext(path);
    return replay_(frame.sequence, *entries);
  }

  // Frames must follow each other, but what the base files hold may be missing: a removal of old
  // segments that power loss undid in part.
  Status CheckSequence(const LogSegment& segment, const Frame& frame) const {
    if (frame.sequence == last_ + 1) return Status::Ok();
    if (segment.empty() && frame.sequence > last_ && frame.sequence <= covered_ + 1) {
      return Status::Ok();
    }
    return Gap(segment.path, frame.offset, frame.sequence);
  }

  // A frame is there, whole or not, and the ones before it are not.
  Status Gap(const std::string& path, size_t offset, uint64_t sequence) const {
    const Found* ends_early = nullptr;
    for (auto before = found_.rbegin(); before != found_.rend(); ++before) {
      if (before->dirty()) return DamagedBeforeOthers(before->segment);
      if (before->segment.empty()) continue;
      if (before->used_before) ends_early = &*before;
      break;
    }
    std::string what = StrCat("log frame ", sequence, " where ", std::max(last_, covered_) + 1,
                              " is expected: the segment before it is missing");
    if (ends_early != nullptr) {
      what += StrCat(", or ", ends_early->segment.path, " is damaged at offset ",
                     ends_early->segment.end);
    }
    return Damaged(path, offset, what);
  }

  Status DamagedBeforeOthers(const LogSegment& segment) const {
    return Damaged(segment.path, segment.end,
                   "a log frame is damaged and the log goes on in the next segment");
  }

  // The torn tail is in the last segment with frames or in one behind it, and there is one at most.
  Status CheckTail() const {
    const Found* dirty = nullptr;
    for (auto found = found_.rbegin(); found != found_.rend(); ++found) {
      if (found->dirty() && dirty != nullptr && !found->used_before) {
        return DamagedBeforeOthers(found->segment);
      }
      if (found->dirty()) dirty = &*found;
      if (!found->segment.empty()) break;
    }
    if (dirty != nullptr) {
      options_.logger->Warning(
          StrCat(dirty->segment.path, ": offset ", dirty->segment.end, ": dropped ",
                 dirty->dirty_end - dirty->segment.end,
                 " bytes of a last write that is not whole: under way when the node stopped, and "
                 "then never "
                 "acknowledged, unless something else has damaged the end of the log since"));
    }
    return Status::Ok();
  }

  // Keeps a segment for what it is still good for, or removes it.
  Status SettleSegment(Found* found) {
    LogSegment& segment = found->segment;
    const bool newest = !segment.empty() && segment.last == recovered_.last_sequence;
    if (newest) TRIFECTA_RETURN_IF_ERROR(Mend(found));
    if (newest && segment.room() > 0) {
      recovered_.active = std::move(segment);
    } else if (segment.last <= covered_) {
      return options_.file_system->Remove(segment.path);
    } else {
      segment.file.reset();
      recovered_.full.push_back(std::move(segment));
    }
    return Status::Ok();
  }

  Status Mend(Found* found) {
    auto file = options_.file_system->OpenForWriting(found->segment.path);
    if (!file.ok()) return file.status();
    std::string bytes = found->last_frame;
    bytes.resize(found->dirty_end - found->last_offset, '\0');
    TRIFECTA_RETURN_IF_ERROR((*file)->WriteAt(found->last_offset, bytes));
    TRIFECTA_RETURN_IF_ERROR((*file)->Sync());
    found->segment.file = std::move(*file);
    return Status::Ok();
  }

  const LogOptions& options_;
  const uint64_t covered_;
  const Log::Replay& replay_;
  FrameDecoder decoder_;
  std::vector<Found> found_;
  std::vector<std::string> unfinished_;  // paths
  uint64_t last_ = 0;                    // the last frame seen
  RecoveredLog recovered_;
};

}  // namespace

Result<RecoveredLog> RecoverLog(const LogOptions& options, uint64_t covered,
                                const Log::Replay& replay) {
  Recovery recovery(options, covered, replay);
  TRIFECTA_RETURN_IF_ERROR(recovery.Read());
  TRIFECTA_RETURN_IF_ERROR(recovery.Settle());
  return std::move(recovery.recovered());
}

Result<uint64_t> ReadLog(const LogOptions& options, uint64_t covered, const Log::Replay& replay) {
  Recovery recovery(options, covered, replay);
  TRIFECTA_RETURN_IF_ERROR(recovery.Read());
  return recovery.recovered().last_sequence;
}

}  // namespace trifecta::storage
