#include "cmd/load_job.h"

namespace trifecta::cmd {
namespace {

Status Usage(std::string text) { return {StatusCode::kInvalidArgument, std::move(text)}; }

LoadFormat FormatOf(const Arguments& arguments) {
  const std::string name = arguments.Value("format", "auto");
  if (name == "lines") return LoadFormat::kLines;
  return name == "ndjson" ? LoadFormat::kNdjson : LoadFormat::kAuto;
}

ProgressKind ProgressOf(const Arguments& arguments) {
  const std::string name = arguments.Value("progress", "auto");
  if (name == "bar") return ProgressKind::kBar;
  if (name == "log") return ProgressKind::kLog;
  return name == "none" ? ProgressKind::kNone : ProgressKind::kAuto;
}

Status ReadNumbers(const Arguments& arguments, LoadOptions* options) {
  struct {
    const char* key;
    uint64_t* number;
    uint64_t max;
  } const numbers[] = {{"batch", &options->batch_lines, 1'000'000},
                       {"parallel", &options->parallel, 64},
                       {"start-line", &options->start_line, UINT64_MAX}};
  for (const auto& [key, number, max] : numbers) {
    auto given = arguments.Number(key, *number, 1, max);
    if (!given.ok()) return given.status();
    *number = *given;
  }
  return Status::Ok();
}

Result<LoadOptions> ReadOptions(const Arguments& arguments) {
  LoadOptions options;
  if (arguments.Has("delete")) options.op = net::BulkOp::kDelete;
  if (!arguments.positional.empty()) options.files = arguments.positional;
  options.format = FormatOf(arguments);
  options.null = arguments.Has("null");
  options.stop = arguments.Value("on-error") == "stop";
  options.rejects = arguments.Value("rejects");
  options.dry_run = arguments.Has("dry-run");
  options.progress = ProgressOf(arguments);
  if (Status read = ReadNumbers(arguments, &options); !read.ok()) return read;
  if (options.null && options.format == LoadFormat::kNdjson) {
    return Usage("-0 is for words, not for ndjson");
  }
  if (std::count(options.files.begin(), options.files.end(), "-") > 1) {
    return Usage("standard input can be read once: '-' is given twice");
  }
  return options;
}

}  // namespace

int RunLoad(Context& context) {
  auto options = ReadOptions(context.arguments());
  if (!options.ok()) return context.FailUsage(options.status());
  return RunLoadJob(context, *options);
}

}  // namespace trifecta::cmd
