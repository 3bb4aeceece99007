#include <algorithm>
#include <cstdio>

#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

std::string Milliseconds(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", static_cast<double>(time.count()) / 1e6);
  return text;
}

}  // namespace

int RunPing(Context& context) {
  auto count = context.arguments().Number("count", 3, 1, 1'000'000);
  if (!count.ok()) return context.FailUsage(count.status());
  std::chrono::nanoseconds min{INT64_MAX}, max{0}, sum{0};
  for (uint64_t i = 0; i < *count; ++i) {
    auto time = context.client().Ping();
    if (!time.ok()) return context.FailCall();
    min = std::min(min, *time);
    max = std::max(max, *time);
    sum += *time;
  }
  const auto average = sum / *count;
  const std::string node = context.client().node();
  if (context.out().json()) {
    net::JsonWriter json;
    json.BeginObject().Key("node").String(node).Key("count").Number(*count);
    json.Key("min_ms").Raw(Milliseconds(min)).Key("avg_ms").Raw(Milliseconds(average));
    json.Key("max_ms").Raw(Milliseconds(max));
    context.out().Data(json.EndObject().Take() + "\n");
  } else {
    context.out().Data(StrCat(node, " answers; ", *count, *count == 1 ? " request" : " requests",
                              ", min/avg/max ", Milliseconds(min), "/", Milliseconds(average), "/",
                              Milliseconds(max), " ms\n"));
  }
  return kExitDone;
}

}  // namespace trifecta::cmd
