// Ten thousand shards on one node: what opening them costs, and what they hold of the system.
#include <cstdio>

#include "tests/bench/common/child.h"
#include "tests/bench/common/die.h"
#include "tests/bench/common/flags.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/random_words.h"
#include "tests/bench/common/store_writer.h"
#include "tests/bench/common/table.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/common/work_folder.h"

namespace trifecta::bench {
namespace {

constexpr char kUsage[] = R"(usage: bench_shards [FLAGS]

  --shards N       at most 10,000 (10,000)
  --words N        words of each shard (500)
  --tablet-kib N   the size above which a base file is split (the store's own)
  --dir DIR        a folder on the disk to measure (the cache folder of the data sets)
  --quick          100 shards: shows that it works

A shard is the words with the same first two characters; base files are cut by size alone, so a
small --tablet-kib shows what very many files cost.
)";

constexpr unsigned kCharactersOfRoot = 2;
constexpr uint64_t kShardsMax = 10'000;  // 100 characters, two of them
constexpr int kOpenings = 5;

// The n-th of a hundred characters: ASCII letters and digits, then Cyrillic.
std::string Character(uint64_t n) {
  constexpr std::string_view ascii =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (n < ascii.size()) return std::string(1, ascii[n]);
  const uint64_t code = 0x410 + n - ascii.size();
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

storage::StoreOptions Options(const Flags& flags) {
  storage::StoreOptions options;
  if (flags.Has("tablet-kib")) options.tablet_bytes = flags.Number("tablet-kib", 0) << 10;
  return options;
}

void Build(const std::string& folder, const storage::StoreOptions& options, uint64_t shards,
           uint64_t words_each) {
  PackedWords words;
  std::string code;
  for (uint64_t i = 0; i < shards * words_each; ++i) {
    const uint64_t shard = i % shards;
    RandomCode(i, &code);
    words.Add(Character(shard / 100) + Character(shard % 100) + code.substr(0, 4 + i % 7));
  }
  const auto store = OpenStore(folder, options);
  LoadStore(store.get(), words.Slice(0, words.size()));
  Must(store->Close());
}

struct ShardFigures {
  double open_ms, roots_ms, memory_mib, shards, words, tablets, mappings, descriptors;
};

ShardFigures Measure(const std::string& folder, const storage::StoreOptions& options) {
  ShardFigures figures{};
  const uint64_t memory = AnonymousBytes();
  const size_t mappings = MappingCount(), descriptors = DescriptorCount();
  std::vector<double> times;
  std::unique_ptr<storage::Store> store;
  for (int i = 0; i < kOpenings; ++i) {
    store.reset();
    const Timer timer;
    store = OpenStore(folder, options);
    times.push_back(timer.Milliseconds());
  }
  figures.open_ms = Median(times);
  const Timer timer;
  const auto roots = Must(store->ShardRoots("", kCharactersOfRoot));
  figures.roots_ms = timer.Milliseconds();
  storage::Page page;
  for (const std::string& root : roots) {  // every shard in use
    storage::SearchOptions search;
    search.prefix = root;
    Must(store->Search(search, &page));
    if (page.empty()) Die("shard " + root + " is empty");
  }
  figures.shards = static_cast<double>(roots.size());
  figures.words = static_cast<double>(store->Stats().words);
  figures.tablets = static_cast<double>(store->Stats().tablets);
  figures.memory_mib = static_cast<double>(AnonymousBytes() - memory) / 0x1p20;
  figures.mappings = static_cast<double>(MappingCount() - mappings);
  figures.descriptors = static_cast<double>(DescriptorCount() - descriptors);
  return figures;
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, kUsage);
  const uint64_t shards = flags.Number("shards", flags.Has("quick") ? 100 : kShardsMax);
  if (shards == 0 || shards > kShardsMax) Die("--shards is 1 to 10000");
  const WorkFolder folder(flags.Text("dir", ""), "run-shards");
  const storage::StoreOptions options = Options(flags);
  const auto built = InChild<bool>([&] {
    Build(folder.path(), options, shards, flags.Number("words", 500));
    return true;
  });
  const auto figures = InChild<ShardFigures>([&] { return Measure(folder.path(), options); });
  if (!built || !figures) return 1;
  std::printf("\nmany shards on one node, opened with files cached\n");
  Table table({"figure", "wanted", "got"});
  table.Add({"shards", "", Figure(figures->shards)});
  table.Add({"words", "", Figure(figures->words)});
  table.Add({"base files", "", Figure(figures->tablets)});
  table.Add({"opening, ms", "< 200", Figure(figures->open_ms, 2)});
  table.Add({"listing all shards, ms", "", Figure(figures->roots_ms, 2)});
  table.Add({"anonymous memory, MiB", "< 100", Figure(figures->memory_mib, 1)});
  table.Add({"mappings (of 65,530)", "", Figure(figures->mappings)});
  table.Add({"descriptors", "", Figure(figures->descriptors)});
  table.Print();
  return 0;
}

}  // namespace
}  // namespace trifecta::bench

int main(int argc, char** argv) { return trifecta::bench::Main(argc, argv); }
