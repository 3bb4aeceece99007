#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {

int RunGet(Context& context) {
  Output& out = context.out();
  bool any = false, refused = false;
  net::JsonWriter json;
  json.BeginObject().Key("words").BeginArray();
  for (const std::string& word : context.arguments().positional) {
    if (Status valid = ValidateWord(word); !valid.ok()) {
      out.Fail({kExitRefused, "invalid_word", StrCat(Quoted(word), ": ", valid.message()), ""});
      refused = true;
      continue;
    }
    auto found = context.client().Contains(word);
    if (!found.ok()) return context.FailCall();
    any |= *found;
    if (out.json()) {
      json.BeginObject().Key("word").String(word).Key("found").Bool(*found).EndObject();
    } else if (*found) {
      out.Data(word + "\n");
    } else {
      out.Note(StrCat(Quoted(word), " is not there"));
    }
  }
  if (out.json()) out.Data(json.EndArray().EndObject().Take() + "\n");
  if (refused) return any ? kExitPartial : kExitRefused;
  return any ? kExitDone : kExitNo;
}

}  // namespace trifecta::cmd
