// Completion scripts for shells, written from the table of cmd/grammar.h.
#pragma once

#include <string>
#include <string_view>

namespace trifecta::cmd {

// The script for "bash", "zsh" or "fish"; "" for another shell.
std::string CompletionScript(std::string_view shell);

}  // namespace trifecta::cmd
