// A whole file mapped read-only: how base files are read. No stray pointer can damage what is
// mapped so, and files are never changed once published.
//
// A page that the disk cannot give, or a file that someone else cuts, ends the process by SIGBUS
// when it is touched; Populate asks for all pages and reports such an error instead.
//
// Threads: everything is const but construction and destruction.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace trifecta::storage {

class MappedFile {
 public:
  // kNotFound, kPermissionDenied or kIoError from the system; kDataDamaged for an empty file, which
  // cannot be mapped and which no file of ours is.
  static Result<std::unique_ptr<MappedFile>> Open(const std::string& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Valid as long as this object.
  std::string_view bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

  // Reads every page into memory and maps it, so that the first readers do not wait for the disk.
  // kIoError when a page cannot be read.
  Status Populate() const;
  // Starts reading the file in the background. A hint: failures are of no consequence.
  void WillNeed() const;

 private:
  struct Mapping;

  MappedFile(std::string path, std::unique_ptr<Mapping> mapping);

  const std::string path_;
  const std::unique_ptr<Mapping> mapping_;
  std::string_view bytes_;
};

}  // namespace trifecta::storage
