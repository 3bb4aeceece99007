#include "cmd/words.h"

namespace trifecta::cmd {

int RunDel(Context& context) { return ChangeWords(context, net::BulkOp::kDelete); }

}  // namespace trifecta::cmd
