#include "cmd/words.h"

namespace trifecta::cmd {

int RunAdd(Context& context) { return ChangeWords(context, net::BulkOp::kAdd); }

}  // namespace trifecta::cmd
