#include <exception>

#include "cmd/command.h"
#include "cmd/help.h"
#include "storage/base/text.h"

namespace trifecta::cmd {
namespace {

OutputOptions MakeOutputOptions(const Process& process, const std::vector<std::string>& given) {
  const auto environment = [&](const char* name) { return process.environment(name).value_or(""); };
  OutputOptions options;
  options.out_fd = process.out_fd;
  options.err_fd = process.err_fd;
  options.cancel_fd = process.cancel_fd;
  options.json = MentionsFlag(given, "--json");
  options.colour = !MentionsFlag(given, "--no-color") && environment("NO_COLOR").empty() &&
                   environment("TERM") != "dumb";
  return options;
}

std::string UsageHint(const Arguments& arguments) {
  if (arguments.command != nullptr) {
    return StrCat("Run 'trifecta help ", arguments.command->name, "' for how to use it.");
  }
  return "Run 'trifecta help' for the list of commands.";
}

int FailUsage(Output* out, const Status& status, const Arguments& arguments) {
  return out->Fail({kExitUsage, "usage", Escaped(status.message()), UsageHint(arguments)});
}

// A command's own status, unless its output could not be written.
int FinishOutput(Output* out, int exit_status) {
  if (out->Flush()) return exit_status;
  if (out->status().code() == StatusCode::kCancelled) {
    return out->status().message() == "interrupted" ? kExitInterrupted : kExitPipeClosed;
  }
  return out->Fail({kExitPartial, "output", out->status().message(), ""});
}

int RunCommand(const Process& process, const Arguments& arguments, Output* out) {
  if (arguments.command->local) {
    const Settings none;
    Context context(process, arguments, none, out);
    return arguments.command->run(context);
  }
  auto settings = ResolveSettings(arguments, process.environment, process.system_settings);
  if (!settings.ok()) {
    return out->Fail({kExitUsage, "configuration", Escaped(settings.status().message()), ""});
  }
  for (const std::string& source : settings->sources) out->Trace(source);
  Context context(process, arguments, *settings, out);
  return arguments.command->run(context);
}

int Dispatch(const Process& process, const std::vector<std::string>& given) {
  OutputOptions options = MakeOutputOptions(process, given);
  Arguments arguments;
  const Status parsed = ParseArguments(given, &arguments);
  options.json |= arguments.Has("json");
  options.quiet = arguments.Has("quiet");
  options.verbose = arguments.Has("verbose");
  Output out(options);
  if (!parsed.ok()) return FailUsage(&out, parsed, arguments);

  if (arguments.Has("version")) {
    PrintVersion(&out);
    return FinishOutput(&out, kExitDone);
  }
  if (arguments.Has("help") || arguments.Has("h")) {
    PrintHelp(&out, arguments.command, arguments.group, arguments.Has("help"));
    return FinishOutput(&out, kExitDone);
  }
  if (arguments.command == nullptr) {
    const std::string missing =
        arguments.group.empty()
            ? "no command given"
            : StrCat("'", arguments.group,
                     "' needs one of its commands: ", JoinNames(CommandNames(arguments.group)));
    return FailUsage(&out, {StatusCode::kInvalidArgument, missing}, arguments);
  }
  return FinishOutput(&out, RunCommand(process, arguments, &out));
}

}  // namespace

int RunProgram(const Process& process, const std::vector<std::string>& arguments) {
  try {
    return Dispatch(process, arguments);
  } catch (const std::exception& error) {  // out of memory, or a defect
    Output out({.err_fd = process.err_fd});
    return out.Fail({kExitServerError, "internal", StrCat("internal error: ", error.what()), ""});
  }
}

}  // namespace trifecta::cmd
