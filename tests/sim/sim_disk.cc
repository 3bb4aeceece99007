#include "tests/sim/sim_disk.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

#include "storage/file_names.h"

namespace trifecta::sim {
namespace {

namespace fs = std::filesystem;

// A folder of its own in memory, where the system has such a place.
std::string MakeFolder() {
  const fs::path memory = "/dev/shm";
  const fs::path parent = fs::is_directory(memory) ? memory : fs::temp_directory_path();
  std::string name = parent / "trifecta-sim-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  return name;
}

}  // namespace

// Files of the log are synced when they are made, so that they are whole, and then only now and
// then.
class SimDisk::ForgetfulFiles : public FileSystem {
 public:
  explicit ForgetfulFiles(FileSystem* files) : files_(files) {}

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return Wrap(path, files_->Create(path));
  }
  Result<std::unique_ptr<WritableFile>> OpenForWriting(const std::string& path) override {
    return Wrap(path, files_->OpenForWriting(path));
  }
  Result<std::string> ReadAll(const std::string& path) override { return files_->ReadAll(path); }
  Result<uint64_t> Size(const std::string& path) override { return files_->Size(path); }
  Result<std::vector<std::string>> List(const std::string& folder) override {
    return files_->List(folder);
  }
  Status Remove(const std::string& path) override { return files_->Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override {
    return files_->Rename(from, to);
  }
  Status CreateFolder(const std::string& path) override { return files_->CreateFolder(path); }
  Status SyncFolder(const std::string& path) override { return files_->SyncFolder(path); }
  Result<uint64_t> FreeBytes(const std::string& folder) override {
    return files_->FreeBytes(folder);
  }

 private:
  class File : public WritableFile {
   public:
    explicit File(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
    Status WriteAt(uint64_t offset, std::string_view bytes) override {
      return file_->WriteAt(offset, bytes);
    }
    Status Sync() override { return syncs_++ % kForgotten == 0 ? file_->Sync() : Status::Ok(); }
    Status Truncate(uint64_t size) override { return file_->Truncate(size); }

   private:
    static constexpr uint64_t kForgotten = 40;
    const std::unique_ptr<WritableFile> file_;
    uint64_t syncs_ = 0;
  };

  static Result<std::unique_ptr<WritableFile>> Wrap(const std::string& path,
                                                    Result<std::unique_ptr<WritableFile>> file) {
    const auto name = storage::ParseFileName(path.substr(path.find_last_of('/') + 1));
    if (!file.ok() || !name || name->kind != storage::FileKind::kLog) return file;
    return std::unique_ptr<WritableFile>(std::make_unique<File>(std::move(*file)));
  }

  FileSystem* const files_;
};

SimDisk::SimDisk(bool forgetful) : folder_(MakeFolder()), files_(&faults_) {
  if (!forgetful) return;
  forgetful_ = std::make_unique<ForgetfulFiles>(&faults_);
  files_ = forgetful_.get();
}

SimDisk::~SimDisk() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

// A disk that forgets loses all of it: what is left is whole, but old, as if nobody had written.
void SimDisk::LosePower(Random* random) {
  if (forgetful_ || random->Chance(300'000)) {
    faults_.Crash();
  } else {
    faults_.Crash(random->Next());
  }
}

bool SimDisk::Damage(Random* random) {
  std::vector<std::string> paths;
  const Result<std::vector<std::string>> names = faults_.List(folder_);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    const auto parsed = storage::ParseFileName(name);
    if (parsed && parsed->kind == storage::FileKind::kBase) {
      paths.push_back(storage::PathIn(folder_, name));
    }
  }
  if (paths.empty()) return false;
  const std::string& path = paths[random->Below(paths.size())];
  const Result<std::string> bytes = faults_.ReadAll(path);
  Result<std::unique_ptr<WritableFile>> file = faults_.OpenForWriting(path);
  if (!bytes.ok() || bytes->empty() || !file.ok()) return false;
  const uint64_t at = random->Below(bytes->size());
  const char flipped = static_cast<char>((*bytes)[at] ^ (1 + random->Below(255)));
  return (*file)->WriteAt(at, {&flipped, 1}).ok() && (*file)->Sync().ok();
}

Status SimDisk::Replace(const std::string& name, std::string_view bytes) {
  const std::string path = storage::PathIn(folder_, name), beside = path + ".new";
  if (files_->Size(beside).ok()) TRIFECTA_RETURN_IF_ERROR(files_->Remove(beside));
  Result<std::unique_ptr<WritableFile>> file = files_->Create(beside);
  if (!file.ok()) return file.status();
  TRIFECTA_RETURN_IF_ERROR((*file)->WriteAt(0, bytes));
  TRIFECTA_RETURN_IF_ERROR((*file)->Sync());
  TRIFECTA_RETURN_IF_ERROR(files_->Rename(beside, path));
  return files_->SyncFolder(folder_);
}

std::string SimDisk::Read(const std::string& name) {
  const Result<std::string> bytes = files_->ReadAll(storage::PathIn(folder_, name));
  return bytes.ok() ? *bytes : std::string();
}

void SimDisk::Wipe() {
  faults_.Crash();
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file()) continue;
    (void)faults_.Remove(entry.path());
    (void)faults_.SyncFolder(entry.path().parent_path());
  }
}

}  // namespace trifecta::sim
