#include "tests/support/gate_file_system.h"

#include <utility>

namespace trifecta::test {

class GateFileSystem::File : public WritableFile {
 public:
  File(GateFileSystem* gate, const std::string& path, std::unique_ptr<WritableFile> inner)
      : gate_(gate), name_(path.substr(path.rfind('/') + 1)), inner_(std::move(inner)) {}

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    return inner_->WriteAt(offset, bytes);
  }
  Status Sync() override {
    gate_->Pass(name_);
    return inner_->Sync();
  }
  Status Truncate(uint64_t size) override { return inner_->Truncate(size); }

 private:
  GateFileSystem* const gate_;
  const std::string name_;
  const std::unique_ptr<WritableFile> inner_;
};

void GateFileSystem::Hold(std::string name) {
  std::lock_guard lock(mutex_);
  held_ = std::move(name);
}

void GateFileSystem::AwaitHeld() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_ > 0; });
}

void GateFileSystem::Open() {
  std::lock_guard lock(mutex_);
  held_.clear();
  changed_.notify_all();
}

void GateFileSystem::Pass(std::string_view name) {
  std::unique_lock lock(mutex_);
  const auto held = [&] { return !held_.empty() && name.starts_with(held_); };
  if (!held()) return;
  ++waiting_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !held(); });
  --waiting_;
}

Result<std::unique_ptr<WritableFile>> GateFileSystem::Wrap(
    const std::string& path, Result<std::unique_ptr<WritableFile>> file) {
  if (!file.ok()) return file;
  return std::unique_ptr<WritableFile>(std::make_unique<File>(this, path, std::move(*file)));
}

Result<std::unique_ptr<WritableFile>> GateFileSystem::Create(const std::string& path) {
  return Wrap(path, inner_->Create(path));
}

Result<std::unique_ptr<WritableFile>> GateFileSystem::OpenForWriting(const std::string& path) {
  return Wrap(path, inner_->OpenForWriting(path));
}

}  // namespace trifecta::test
