#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {

int RunCount(Context& context) {
  const auto& words = context.arguments().positional;
  const std::string prefix = words.empty() ? "" : words[0];
  Output& out = context.out();
  if (Status valid = ValidatePrefix(prefix); !valid.ok()) {
    return out.Fail(
        {kExitRefused, "invalid_word", StrCat(Quoted(prefix), ": ", valid.message()), ""});
  }
  auto count = context.client().Count(prefix);
  if (!count.ok()) return context.FailCall();
  if (out.json()) {
    net::JsonWriter json;
    json.BeginObject().Key("prefix").String(prefix).Key("count").Number(*count);
    out.Data(json.EndObject().Take() + "\n");
  } else {
    out.Data(StrCat(*count, "\n"));
  }
  return kExitDone;
}

}  // namespace trifecta::cmd
