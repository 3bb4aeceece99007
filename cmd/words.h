// What add and del share.
#pragma once

#include "cmd/command.h"
#include "net/client.h"

namespace trifecta::cmd {

// Adds or deletes the words of the command line, or with "-" the lines of standard input.
int ChangeWords(Context& context, net::BulkOp op);

}  // namespace trifecta::cmd
