#include "tests/support/base_file_repair.h"

#include <cstddef>
#include <cstring>

#include "storage/base/coding.h"
#include "storage/base/crc32c.h"
#include "storage/base_format.h"

namespace trifecta::test {

bool RepairChecksums(std::string* file) {
  using storage::BaseHeader;
  using storage::kBasePageBytes;
  if (file->size() < kBasePageBytes) return false;
  BaseHeader header;
  std::memcpy(&header, file->data(), sizeof header);
  storage::SectionExtent& checksums = header.sections[storage::kChecksums];
  if (checksums.offset < kBasePageBytes || checksums.offset % kBasePageBytes != 0 ||
      checksums.offset > file->size()) {
    return false;
  }
  checksums.bytes = (checksums.offset / kBasePageBytes - 1) * sizeof(uint32_t);
  file->resize(checksums.offset + checksums.bytes);
  const std::string_view bytes = *file;
  for (uint64_t page = kBasePageBytes; page < checksums.offset; page += kBasePageBytes) {
    StoreFixed(file->data() + checksums.offset + (page / kBasePageBytes - 1) * sizeof(uint32_t),
               Crc32c(bytes.substr(page, kBasePageBytes)));
  }
  header.magic = storage::kBaseMagic;
  header.format = storage::kBaseFormat;
  header.file_bytes = file->size();
  header.checksums_crc = Crc32c(bytes.substr(checksums.offset));
  header.header_crc = 0;
  std::memcpy(file->data(), &header, sizeof header);
  StoreFixed(file->data() + offsetof(BaseHeader, header_crc),
             Crc32c(bytes.substr(0, kBasePageBytes)));
  return true;
}

}  // namespace trifecta::test
