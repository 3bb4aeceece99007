#include "storage/check.h"

#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

void WriteFault(net::JsonWriter* json, const storage::Fault& fault) {
  json->BeginObject().Key("path").String(Escaped(fault.path)).Key("offset").Number(fault.offset);
  json->Key("what").String(Escaped(fault.what)).EndObject();
}

std::string SummaryJson(const storage::CheckSummary& summary, net::JsonWriter* faults) {
  net::JsonWriter json;
  json.BeginObject().Key("sound").Bool(summary.faults == 0);
  json.Key("files").Number(summary.files).Key("bytes").Number(summary.bytes);
  json.Key("words").Number(summary.words).Key("tombstones").Number(summary.tombstones);
  json.Key("tablets").Number(summary.tablets).Key("log_segments").Number(summary.log_segments);
  json.Key("log_entries").Number(summary.log_entries);
  json.Key("faults").Raw(faults->EndArray().Take()).Key("notes").BeginArray();
  for (const std::string& note : summary.notes) json.String(Escaped(note));
  return json.EndArray().EndObject().Take() + "\n";
}

std::string SummaryText(const storage::CheckSummary& summary) {
  return StrCat(Thousands(summary.words), " words, ", Thousands(summary.tombstones),
                " deleted, in ", summary.files, summary.files == 1 ? " file" : " files", " of ",
                Bytes(summary.bytes), ": ",
                summary.faults == 0   ? "no fault"
                : summary.faults == 1 ? "1 fault"
                                      : StrCat(Thousands(summary.faults), " faults"),
                "\n");
}

}  // namespace

int RunCheck(Context& context) {
  Output& out = context.out();
  const std::string& folder = context.arguments().positional[0];
  net::JsonWriter faults;
  faults.BeginArray();
  const auto report = [&](const storage::Fault& fault) {
    if (out.json()) {
      WriteFault(&faults, fault);
    } else {
      out.Data(Escaped(StrCat(fault.path, ":", fault.offset, ": ", fault.what)) + "\n");
    }
  };
  storage::CheckSummary summary;
  Status checked = storage::CheckFolder(PosixFileSystem(), folder, report, &summary);
  if (!checked.ok()) return out.Fail({kExitUsage, "check", Escaped(checked.message()), ""});
  if (out.json()) {
    out.Data(SummaryJson(summary, &faults));
  } else {
    for (const std::string& note : summary.notes) out.Note("note: " + Escaped(note));
    out.Data(SummaryText(summary));
  }
  return summary.faults == 0 ? kExitDone : kExitNo;
}

}  // namespace trifecta::cmd
