#include "tests/cmd/compressed.h"

#include <archive.h>
#include <archive_entry.h>

#include <stdexcept>

namespace trifecta::cmd {
namespace {

la_ssize_t Append(archive*, void* to, const void* bytes, size_t size) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void AddFilter(archive* writer, Compression compression) {
  if (compression == Compression::kGzip) archive_write_add_filter_gzip(writer);
  if (compression == Compression::kZstd) archive_write_add_filter_zstd(writer);
  if (compression == Compression::kXz) archive_write_add_filter_xz(writer);
}

}  // namespace

std::string Compressed(std::string_view text, Compression compression) {
  std::string bytes;
  archive* const writer = archive_write_new();
  archive_write_set_format_raw(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  AddFilter(writer, compression);
  archive_entry* const entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  const bool written = archive_write_open(writer, &bytes, nullptr, Append, nullptr) == ARCHIVE_OK &&
                       archive_write_header(writer, entry) == ARCHIVE_OK &&
                       archive_write_data(writer, text.data(), text.size()) ==
                           static_cast<la_ssize_t>(text.size()) &&
                       archive_write_close(writer) == ARCHIVE_OK;
  archive_entry_free(entry);
  archive_write_free(writer);
  if (!written) throw std::runtime_error("cannot compress");
  return bytes;
}

}  // namespace trifecta::cmd
