#include "storage/mapped_file.h"

#include <sys/mman.h>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <utility>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14; older C libraries do not name it
#endif

namespace trifecta::storage {

namespace ipc = boost::interprocess;

// The mapping outlives the descriptor, which would be one for each of thousands of tablets.
struct MappedFile::Mapping {
  explicit Mapping(const std::string& path)
      : region(ipc::file_mapping(path.c_str(), ipc::read_only), ipc::read_only) {}

  ipc::mapped_region region;
};

MappedFile::MappedFile(std::string path, std::unique_ptr<Mapping> mapping)
    : path_(std::move(path)),
      mapping_(std::move(mapping)),
      bytes_(static_cast<const char*>(mapping_->region.get_address()),
             mapping_->region.get_size()) {}

MappedFile::~MappedFile() = default;

Result<std::unique_ptr<MappedFile>> MappedFile::Open(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return ErrnoStatus(error.value(), "cannot map " + path);
  if (size == 0) return Status(StatusCode::kDataDamaged, path + ": offset 0: the file is empty");
  try {
    return std::unique_ptr<MappedFile>(new MappedFile(path, std::make_unique<Mapping>(path)));
  } catch (const ipc::interprocess_exception& failure) {
    return ErrnoStatus(failure.get_native_error(), "cannot map " + path);
  } catch (const std::exception& failure) {
    return Status(StatusCode::kIoError, "cannot map " + path + ": " + failure.what());
  }
}

Status MappedFile::Populate() const {
  if (::madvise(const_cast<char*>(bytes_.data()), bytes_.size(), MADV_POPULATE_READ) == 0) {
    return Status::Ok();
  }
  if (errno == EINVAL) {  // a kernel before 5.14
    WillNeed();
    return Status::Ok();
  }
  return {StatusCode::kIoError, ErrnoStatus(errno, "cannot read " + path_).message()};
}

void MappedFile::WillNeed() const {
  (void)::madvise(const_cast<char*>(bytes_.data()), bytes_.size(), MADV_WILLNEED);
}

}  // namespace trifecta::storage
