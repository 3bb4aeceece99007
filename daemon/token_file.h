// The file that `token_file` names: the secret that requests must show (daemon/access_token.h).
#pragma once

#include <string>

#include "storage/base/status.h"

namespace trifecta::daemon {

struct Token {
  std::string text;     // "" when no file is set
  std::string warning;  // "" when there is nothing to say
};

// The file's content without the white space around it: visible ASCII, 1 to 4,096 characters.
// kInvalidArgument when it is empty or has others: a token that no client can send would lock
// everybody out. An empty path gives no token. A file that every user may read is worth a warning.
Result<Token> ReadTokenFile(const std::string& path);

}  // namespace trifecta::daemon
