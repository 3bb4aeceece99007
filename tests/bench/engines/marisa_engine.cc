// marisa-trie: a static, recursive LOUDS trie. It is built from all words at once and cannot be
// changed; nodes in label order, so that completions come in order.
#include <fcntl.h>
#include <marisa.h>
#include <unistd.h>

#include "tests/bench/common/die.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {
namespace {

class MarisaEngine : public Engine {
 public:
  void Open(const std::string& folder) override {
    file_ = folder + "/words.marisa";
    if (access(file_.c_str(), R_OK) == 0) trie_.mmap(file_.c_str());
  }

  void Close() override { trie_.clear(); }

  bool updatable() const override { return false; }

  void Add(std::span<const std::string_view> words, bool) override {
    marisa::Keyset keys;
    for (const std::string_view word : words) keys.push_back(word.data(), word.size());
    trie_.build(keys, MARISA_LABEL_ORDER);
    trie_.save(file_.c_str());
    const int fd = open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) Die("marisa: cannot sync " + file_);
    close(fd);
  }

  void Delete(std::span<const std::string_view>) override { Die("marisa deletes nothing"); }
  void Compact() override {}

  bool Contains(std::string_view word) override {
    agent_.set_query(word.data(), word.size());
    return trie_.lookup(agent_);
  }

  size_t Complete(std::string_view prefix, size_t limit) override {
    completions_.Clear();
    search_.set_query(prefix.data(), prefix.size());
    while (completions_.size() < limit && trie_.predictive_search(search_)) {
      completions_.Add({search_.key().ptr(), search_.key().length()});
    }
    return completions_.size();
  }

  std::string_view Completion(size_t i) const override { return completions_[i]; }

  ScanSum Scan() override {
    ScanSum sum;
    marisa::Agent all;
    all.set_query("");
    while (trie_.predictive_search(all)) sum.Add({all.key().ptr(), all.key().length()});
    return sum;
  }

 private:
  std::string file_;
  marisa::Trie trie_;
  marisa::Agent agent_, search_;
  PackedWords completions_;
};

}  // namespace

std::unique_ptr<Engine> MakeMarisa() { return std::make_unique<MarisaEngine>(); }

}  // namespace trifecta::bench
