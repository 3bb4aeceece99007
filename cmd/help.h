// Help and version, from the table of cmd/grammar.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cmd/grammar.h"
#include "cmd/output.h"

namespace trifecta::cmd {

// The help of `command`, or of the group ("cluster"), or of the whole program when it is null and
// the group empty. `whole`: with options, details and examples; else a screenful.
void PrintHelp(Output* out, const CommandSpec* command, std::string_view group, bool whole);

void PrintVersion(Output* out);

// "status, nodes, owners"
std::string JoinNames(const std::vector<std::string_view>& names);

}  // namespace trifecta::cmd
