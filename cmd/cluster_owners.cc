#include "cmd/command.h"
#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {
namespace {

std::string_view WithoutScheme(std::string_view address) {
  return address.starts_with("http://") ? address.substr(7) : address;
}

}  // namespace

// "WORD<tab>ADDRESS ADDRESS ..." a line.
int RunClusterOwners(Context& context) {
  Output& out = context.out();
  net::JsonWriter json;
  json.BeginObject().Key("owners").BeginArray();
  for (const std::string& word : context.arguments().positional) {
    if (Status valid = ValidatePrefix(word); !valid.ok()) {
      return out.Fail(
          {kExitRefused, "invalid_word", StrCat(Quoted(word), ": ", valid.message()), ""});
    }
    auto owners = context.client().Owners(word);
    if (!owners.ok()) return context.FailCall();
    std::string line = word + "\t";
    json.BeginObject().Key("word").String(word).Key("nodes").BeginArray();
    for (const std::string& owner : *owners) {
      const std::string address = Escaped(WithoutScheme(owner));
      line += StrCat(line.ends_with('\t') ? "" : " ", address);
      json.String(address);
    }
    json.EndArray().EndObject();
    if (!out.json()) out.Data(line + "\n");
  }
  if (out.json()) out.Data(json.EndArray().EndObject().Take() + "\n");
  return kExitDone;
}

}  // namespace trifecta::cmd
