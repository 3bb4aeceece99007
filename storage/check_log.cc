#include "storage/check_log.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "storage/base/text.h"
#include "storage/file_names.h"
#include "storage/log_format.h"

namespace trifecta::storage {
namespace {

class LogCheck {
 public:
  LogCheck(CheckReport* report, uint64_t covered,
           const std::function<void(std::span<const Entry>)>& take)
      : report_(report), covered_(covered), take_(take) {}

  void ReadSegment(const std::string& name, std::string_view bytes) {
    const std::string path = PathIn(report_->folder(), name);
    const auto header = DecodeSegmentHeader(bytes);
    if (!header) return CheckUnfinished(path, bytes);
    if (!header->known()) {
      return Skip(path, 8,
                  StrCat("log format version ", header->version, ", this program reads ",
                         kLogFormatVersion, " to ", kLogFormatUsedBefore));
    }
    if (header->number != ParseFileName(name)->number) {
      return Skip(path, 24, "a segment under another one's name");
    }
    ReadFrames(path, bytes, *header);
  }

  // Goes on behind a segment that cannot be read.
  void SkipSegment() { gap_told_ = true; }

  // Call after the last segment: a torn tail that nothing follows is what a crash may leave.
  void Finish() {
    if (tail_.bytes == 0) return;
    report_->AddNote(tail_.path,
                     StrCat("the last ", tail_.bytes, " bytes, from offset ", tail_.offset,
                            " on, are a last write that is not whole: under way when the node "
                            "stopped, and then never acknowledged, unless something else has "
                            "damaged the end of the log since; the next start wipes them"));
  }

 private:
  // Bytes at the end of a segment that are no frame.
  struct Tail {
    std::string path;
    size_t offset = 0, bytes = 0;  // no bytes: there is none
  };

  void Skip(const std::string& path, uint64_t offset, std::string_view what) {
    report_->AddFault(path, offset, what);
    SkipSegment();
  }

  void CheckUnfinished(const std::string& path, std::string_view bytes) {
    if (bytes.find_first_not_of('\0') != std::string_view::npos) {
      return Skip(path, 0, "the header of a log segment is damaged");
    }
    report_->AddNote(path, "a log segment whose making was cut short; the next start removes it");
  }

  void ReadFrames(const std::string& path, std::string_view bytes, const SegmentHeader& header) {
    segment_has_frames_ = false;
    // A reader begins behind a header, so `start` is that far before the first frame that it reads.
    for (size_t start = 0;;) {
      SegmentReader reader(bytes.substr(start), header.salt);
      while (const auto frame = reader.Next()) {
        CheckSequence(path, start + frame->offset, frame->sequence);
        last_ = frame->sequence;
        ReadFrame(path, start, *frame);
      }
      if (reader.DirtyEnd() == reader.end()) return;
      const size_t end = start + reader.end();
      const uint64_t next = std::max(last_, covered_) + 1;
      const auto beyond = reader.FindBeyond(last_ + 1, next);
      if (!beyond && header.used_before()) return EndsInOldBytes(path, end, reader, next);
      if (!beyond) return EndsIn({path, end, reader.DirtyEnd() - reader.end()});
      report_->AddFault(path, end, "a log frame is damaged and valid ones follow it");
      gap_told_ = true;
      start += beyond->offset - kSegmentHeaderBytes;
    }
  }

  // There is one torn tail at most, and nothing follows it.
  void EndsIn(Tail tail) {
    if (tail_.bytes != 0) TailIsDamage();
    tail_ = std::move(tail);
  }

  // Where the segment was used before, mostly bytes of that use stand behind its frames, but at its
  // first place what its own first frame left (storage/log_recovery.cc).
  void EndsInOldBytes(const std::string& path, size_t end, const SegmentReader& reader,
                      uint64_t next) {
    if (!segment_has_frames_ && reader.SequenceAtEnd() > next) {
      CheckSequence(path, end, reader.SequenceAtEnd());
    } else if (const size_t torn = reader.TornEnd(next); torn > reader.end()) {
      EndsIn({path, end, torn - reader.end()});
    }
  }

  void TailIsDamage() {
    report_->AddFault(tail_.path, tail_.offset,
                      "a log frame is damaged and the log goes on in the next segment");
    tail_ = {};
  }

  // Frames follow each other, but what the base files hold may be missing.
  void CheckSequence(const std::string& path, size_t offset, uint64_t sequence) {
    const bool first = !std::exchange(segment_has_frames_, true);
    const bool after_released = first && sequence > last_ && sequence <= covered_ + 1;
    if (std::exchange(gap_told_, false) || sequence == last_ + 1 || after_released) {
      if (tail_.bytes != 0) {
        report_->AddNote(tail_.path, StrCat(tail_.bytes, " bytes from offset ", tail_.offset,
                                            " on are no log frames; nothing of them is needed"));
      }
      tail_ = {};
    } else if (tail_.bytes != 0) {
      TailIsDamage();
    } else {
      report_->AddFault(path, offset,
                        StrCat("log frame ", sequence, " where ", std::max(last_, covered_) + 1,
                               " is expected: the segment before it is missing"));
    }
  }

  void ReadFrame(const std::string& path, size_t start, const Frame& frame) {
    auto entries = decoder_.Decode(frame);
    if (!entries.ok()) {
      return report_->AddFault(path, start + frame.offset,
                               StrCat("frame ", frame.sequence, " breaks the rules of records"));
    }
    if (frame.sequence <= covered_) return;
    ++report_->summary().log_frames;
    report_->summary().log_entries += entries->size();
    take_(*entries);
  }

  CheckReport* const report_;
  const uint64_t covered_;
  const std::function<void(std::span<const Entry>)>& take_;
  FrameDecoder decoder_;
  Tail tail_;          // not followed by frames so far
  uint64_t last_ = 0;  // the last frame seen
  bool segment_has_frames_ = false;
  bool gap_told_ = false;  // a fault explains why the next frame does not follow
};

}  // namespace

Status CheckLog(CheckReport* report, const std::vector<std::string>& names, uint64_t covered,
                const std::function<void(std::span<const Entry>)>& take) {
  LogCheck check(report, covered, take);
  for (const std::string& name : names) {
    auto bytes = report->Read(PathIn(report->folder(), name));
    if (!bytes.ok()) return bytes.status();
    ++report->summary().log_segments;
    if (bytes->has_value()) {
      check.ReadSegment(name, **bytes);
    } else {
      check.SkipSegment();
    }
  }
  check.Finish();
  return Status::Ok();
}

}  // namespace trifecta::storage
