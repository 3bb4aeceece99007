#include "cmd/output.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "net/json.h"
#include "storage/base/text.h"
#include "storage/base/word.h"

namespace trifecta::cmd {
namespace {

// Enough that writing costs little, little enough that a reader sees words come.
constexpr size_t kBufferBytes = 64 * 1024;

bool IsReadable(int fd) {
  pollfd readable{fd, POLLIN, 0};
  return fd >= 0 && poll(&readable, 1, 0) == 1;
}

Status WriteAll(int fd, std::string_view bytes, int cancel_fd) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EPIPE) return {StatusCode::kCancelled, "the reader closed the pipe"};
    if (errno == EAGAIN) {  // the descriptor was made non-blocking by someone else
      pollfd writable{fd, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (errno == EINTR && IsReadable(cancel_fd)) {
      return {StatusCode::kCancelled, "interrupted"};
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "standard output");
    }
  }
  return Status::Ok();
}

int ColumnsOf(int fd) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// The length of the valid UTF-8 character at the front, 0 when there is none.
size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length > text.size() || !ValidateWord(text.substr(0, length)).ok()) return 0;
  return length;
}

std::string Format(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

}  // namespace

bool Output::Data(std::string_view text) {
  if (!status_.ok()) return false;
  buffer_.append(text);
  return buffer_.size() < kBufferBytes || Flush();
}

bool Output::Flush() {
  if (status_.ok()) status_ = WriteAll(options_.out_fd, buffer_, options_.cancel_fd);
  buffer_.clear();
  return status_.ok();
}

void Output::Note(std::string_view line) {
  if (!options_.quiet) RawError(StrCat(line, "\n"));
}

void Output::Warn(std::string_view line) { RawError(StrCat("trifecta: ", line, "\n")); }

void Output::Trace(std::string_view line) {
  if (options_.verbose) RawError(StrCat("trifecta: ", line, "\n"));
}

void Output::RawError(std::string_view bytes) {
  // Whoever reads no errors needs none: there is nowhere left to tell this one.
  (void)WriteAll(options_.err_fd, bytes, -1);
}

int Output::Fail(const Error& error) {
  Flush();
  if (!options_.json) {
    Warn(error.message);
    if (!error.hint.empty()) RawError(error.hint + "\n");
    return error.exit_status;
  }
  net::JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Key("code").String(error.code);
  json.Key("message").String(error.message);
  if (!error.hint.empty()) json.Key("hint").String(error.hint);
  if (error.http_status != 0) {
    json.Key("http_status").Number(static_cast<uint64_t>(error.http_status));
  }
  json.Key("exit_status").Number(static_cast<uint64_t>(error.exit_status));
  RawError(json.EndObject().EndObject().Take() + "\n");
  return error.exit_status;
}

std::string Output::Colour(std::string_view text, std::string_view sgr) const {
  if (!options_.colour || !out_is_terminal()) return std::string(text);
  return StrCat("\x1b[", sgr, "m", text, "\x1b[0m");
}

bool Output::out_is_terminal() const { return isatty(options_.out_fd) == 1; }
bool Output::err_is_terminal() const { return isatty(options_.err_fd) == 1; }
int Output::columns() const { return ColumnsOf(options_.out_fd); }
int Output::err_columns() const { return ColumnsOf(options_.err_fd); }

std::string Escaped(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string escaped;
  while (!text.empty()) {
    size_t length = CharacterLength(text);
    if (text[0] == '\\') {
      escaped += "\\\\";
    } else if (length > 0) {
      escaped.append(text.substr(0, length));
    } else {
      const auto byte = static_cast<uint8_t>(text[0]);
      escaped.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
    text.remove_prefix(length > 0 ? length : 1);
  }
  return escaped;
}

std::string Quoted(std::string_view word) {
  constexpr size_t kShownBytes = 60;
  if (word.size() <= kShownBytes) return StrCat("'", Escaped(word), "'");
  size_t end = kShownBytes;  // not within a character
  while (end > kShownBytes - 4 && (static_cast<uint8_t>(word[end]) & 0xc0) == 0x80) --end;
  return StrCat("'", Escaped(word.substr(0, end)), "...'");
}

std::string Thousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string Bytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return StrCat(bytes, " B");
  auto number = static_cast<double>(bytes);
  size_t unit = 0;
  for (; number >= 1024 && unit + 1 < std::size(kUnits); ++unit) number /= 1024;
  return StrCat(Format("%.1f ", number), kUnits[unit]);
}

std::string Rounded(double number) {
  if (number >= 1e6) return Format("%.2f M", number / 1e6);
  if (number >= 1e4) return Format("%.1f k", number / 1e3);
  return Format("%.0f", number);
}

std::string Seconds(double seconds) {
  const auto whole = static_cast<uint64_t>(seconds + 0.5);
  if (seconds < 60) return Format(seconds < 10 ? "%.2f s" : "%.1f s", seconds);
  if (whole < 3600) return StrCat(whole / 60, " min ", whole % 60, " s");
  return StrCat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

}  // namespace trifecta::cmd
