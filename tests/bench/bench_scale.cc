// One node as it grows: URLs made from their number go in through `trifecta load`, and at each size
// rate, bytes a word, memory and latencies are measured.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string_view>
#include <thread>

#include "net/url.h"
#include "tests/bench/common/die.h"
#include "tests/bench/common/flags.h"
#include "tests/bench/common/load_generator.h"
#include "tests/bench/common/measure.h"
#include "tests/bench/common/random_words.h"
#include "tests/bench/common/store_writer.h"
#include "tests/bench/common/svg_plot.h"
#include "tests/bench/common/table.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/common/work_folder.h"
#include "tests/support/daemon_process.h"
#include "tests/support/raw_client.h"

namespace trifecta::bench {
namespace {

constexpr char kUsage[] = R"(usage: bench_scale [FLAGS]

  --keys N     the largest size; 1, 10, 50 and 100 million up to it, and itself (100m)
  --seconds N  of each measurement over time (3)
  --svg FILE   where the plot goes (scale.svg beside the programs' folder)
  --dir DIR    a folder on the disk to measure (the cache folder of the data sets)
  --quick      20,000 and 100,000 words, one second each: shows that it works, not how fast

The words are https:// URLs of about 60 bytes in random order. Loading is one `trifecta load -`, its
start and end included. Lookups and prefixes: in process, through the store's face, on the folder
that the daemon left; searches: over HTTP, 10 results, 4 clients.
)";

constexpr size_t kPieceBytes = 256 * 1024;
constexpr size_t kQueries = 200'000;
constexpr size_t kClients = 4;
constexpr size_t kCompletions = 10;
constexpr std::chrono::hours kLoadPatience{12};

struct ScaleFigures {
  double words = 0;
  double load_rate = 0;       // of the words new at this size
  double stop_seconds = 0;    // until everything was checkpointed
  double bytes_per_word = 0;  // of the folder after the stop
  double open_ms = 0;         // in process
  double get_ns = 0, prefix_us = 0;
  double memory_mib = 0;  // anonymous, of the daemon that answers the searches
  double search_p50_ms = 0, search_p99_ms = 0;
};

// One of the words loaded so far, drawn by the number of the query.
std::string QueriedWord(uint64_t query, uint64_t words) {
  std::string word;
  RandomUrl(Scatter(query) % words, &word);
  return word;
}

class Scale {
 public:
  Scale(const WorkFolder& folder, double seconds)
      : seconds_(seconds), daemon_(test::DaemonProcessOptions{folder.Fresh("daemon"), {}, {}}) {
    if (!daemon_.running()) Die("the daemon did not start: " + daemon_.Wait().error);
  }

  // Loads up to so many words, and measures.
  ScaleFigures Grow(uint64_t words) {
    ScaleFigures figures;
    figures.words = static_cast<double>(words);
    Load(words, &figures);
    Stop(&figures);
    ReadInProcess(&figures);
    daemon_.Start();
    if (!daemon_.running()) Die("the daemon did not start again: " + daemon_.Wait().error);
    Search(&figures);
    return figures;
  }

 private:
  void Load(uint64_t words, ScaleFigures* figures) {
    test::ProcessOptions options;
    options.command = {TRIFECTA_BIN "/trifecta",
                       "--config",
                       "/dev/null",
                       "--node",
                       daemon_.address(),
                       "load",
                       "--progress",
                       "none",
                       "-"};
    options.keep_input_open = true;
    const auto added = static_cast<double>(words - loaded_);
    const Timer timer;
    test::Process load(options);
    std::string piece, word;
    for (; loaded_ < words; ++loaded_) {
      RandomUrl(loaded_, &word);
      piece.append(word).push_back('\n');
      if (piece.size() < kPieceBytes) continue;
      if (!load.WriteInput(piece)) break;
      piece.clear();
    }
    load.WriteInput(piece);
    load.CloseInput();
    const test::ProcessResult result = load.Wait(kLoadPatience);
    if (result.status != 0) Die("trifecta load failed: " + result.error);
    figures->load_rate = added / timer.Seconds();
  }

  void Stop(ScaleFigures* figures) {
    const Timer timer;
    daemon_.process().Signal(SIGTERM);
    if (daemon_.process().Wait(kLoadPatience).status != 0) Die("the daemon did not stop cleanly");
    figures->stop_seconds = timer.Seconds();
    figures->bytes_per_word =
        static_cast<double>(SizeOfFolder(daemon_.data_dir()).bytes) / figures->words;
  }

  void ReadInProcess(ScaleFigures* figures) {
    const auto words = static_cast<uint64_t>(figures->words);
    PackedWords queries;
    for (uint64_t i = 0; i < kQueries; ++i) queries.Add(QueriedWord(i, words));
    const Timer open;
    const auto store = OpenStore(daemon_.data_dir());
    figures->open_ms = open.Milliseconds();
    if (store->Stats().words != words) Die("the store does not hold the words that were loaded");
    Lookups(*store, queries);  // brings in the pages
    figures->get_ns = Lookups(*store, queries);
    figures->prefix_us = Prefixes(*store, queries) / 1e3;
  }

  // Nanoseconds a lookup.
  static double Lookups(const storage::Store& store, const PackedWords& queries) {
    const Timer timer;
    for (size_t i = 0; i < queries.size(); ++i) {
      if (!Must(store.Get(queries[i])).live) Die("a word is missing");
    }
    return timer.Seconds() * 1e9 / static_cast<double>(queries.size());
  }

  static double Prefixes(const storage::Store& store, const PackedWords& queries) {
    storage::Page page;
    storage::SearchOptions options;
    options.limit = kCompletions;
    const Timer timer;
    for (size_t i = 0; i < queries.size(); ++i) {
      options.prefix = queries[i].substr(0, queries[i].size() / 2);
      Must(store.Search(options, &page));
    }
    return timer.Seconds() * 1e9 / static_cast<double>(queries.size());
  }

  void Search(ScaleFigures* figures) {
    const auto words = static_cast<uint64_t>(figures->words);
    uint64_t query = 0;
    LoadPlan plan{daemon_.port(), kClients, seconds_ / 3, {}, [&](std::string* text) {
                    const std::string word = QueriedWord(++query, words);
                    const std::string_view half = std::string_view(word).substr(0, word.size() / 2);
                    AppendGet("/search?q=" + net::PercentEncode(half), text);
                  }};
    GenerateLoad(plan);
    plan.seconds = seconds_;
    const LoadResult result = GenerateLoad(plan);
    if (result.failures > 0) Die("a search failed: " + result.first_failure);
    figures->search_p50_ms = result.latencies.Percentile(0.5) / 1e6;
    figures->search_p99_ms = result.latencies.Percentile(0.99) / 1e6;
    figures->memory_mib = static_cast<double>(AnonymousBytes(daemon_.process().pid())) / 0x1p20;
  }

  const double seconds_;
  test::DaemonProcess daemon_;
  uint64_t loaded_ = 0;
};

std::vector<uint64_t> Sizes(uint64_t words_max, bool quick) {
  std::vector<uint64_t> sizes = {1'000'000, 10'000'000, 50'000'000, 100'000'000};
  if (quick) sizes = {20'000};
  std::erase_if(sizes, [&](uint64_t size) { return size >= words_max; });
  sizes.push_back(words_max);
  return sizes;
}

void Plot(const std::string& path, const std::vector<ScaleFigures>& all) {
  const struct {
    const char* title;
    double ScaleFigures::*value;
    double unit;
  } panels[] = {{"load, thousand words/s", &ScaleFigures::load_rate, 1e3},
                {"bytes/word on disk", &ScaleFigures::bytes_per_word, 1},
                {"lookup in process, ns", &ScaleFigures::get_ns, 1},
                {"first 10 of a prefix, us", &ScaleFigures::prefix_us, 1},
                {"search over HTTP, p99 ms", &ScaleFigures::search_p99_ms, 1},
                {"anonymous memory, MiB", &ScaleFigures::memory_mib, 1}};
  std::vector<double> words;
  for (const ScaleFigures& figures : all) words.push_back(figures.words);
  std::vector<Chart> charts;
  for (const auto& panel : panels) {
    charts.push_back({panel.title, {}});
    for (const ScaleFigures& figures : all) {
      charts.back().values.push_back(figures.*panel.value / panel.unit);
    }
  }
  WriteSvg(path, "Trifecta, one node, by the number of words", words, charts);
  std::printf("plot: %s\n", path.c_str());
}

int Main(int argc, char** argv) {
  const Flags flags(argc, argv, kUsage);
  const bool quick = flags.Has("quick");
  const uint64_t words_max = flags.Number("keys", quick ? 100'000 : 100'000'000);
  const WorkFolder folder(flags.Text("dir", ""), "run-scale");
  Scale scale(folder, static_cast<double>(flags.Number("seconds", quick ? 1 : 3)));
  std::printf("\none node as it grows, %u cores shared with loader and clients\n",
              std::thread::hardware_concurrency());
  std::vector<ScaleFigures> all;
  Table table({"words", "load words/s", "bytes/word", "open ms", "get ns", "prefix-10 us",
               "search p50 ms", "p99 ms", "memory MiB", "stop s"});
  for (const uint64_t words : Sizes(words_max, quick)) {
    const ScaleFigures got = scale.Grow(words);
    all.push_back(got);
    table.Add({Figure(got.words), Figure(got.load_rate), Figure(got.bytes_per_word, 2),
               Figure(got.open_ms, 1), Figure(got.get_ns), Figure(got.prefix_us, 2),
               Figure(got.search_p50_ms, 3), Figure(got.search_p99_ms, 3),
               Figure(got.memory_mib, 1), Figure(got.stop_seconds, 1)});
    std::printf("%s words done\n", Figure(got.words).c_str());
    std::fflush(stdout);
  }
  table.Print();
  Plot(flags.Text("svg", TRIFECTA_BIN "/../scale.svg"), all);
  return 0;
}

}  // namespace
}  // namespace trifecta::bench

int main(int argc, char** argv) {
  try {
    return trifecta::bench::Main(argc, argv);
  } catch (const std::exception& fault) {  // of tests/support
    trifecta::bench::Die(fault.what());
  }
}
