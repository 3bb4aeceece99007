#include "tests/bench/engine_run.h"

#include <malloc.h>

#include <algorithm>

#include "tests/bench/common/child.h"
#include "tests/bench/common/die.h"
#include "tests/bench/common/measure.h"

namespace trifecta::bench {
namespace {

// Completions asked for.
constexpr size_t kCompletions = 10;
// A slow engine is not asked all queries: this long is enough for a mean.
constexpr double kSecondsMax = 3;
// Queries between two looks at the clock.
constexpr size_t kQueriesPerLook = 256;
// Answers that are compared with the list before anything is timed.
constexpr size_t kCheckedQueries = 1000;
// Openings of which the median is taken.
constexpr int kOpenings = 5;
// A scan is repeated for so long.
constexpr double kScanSeconds = 0.5;

// Keys a second.
double Load(Engine* engine, const PackedWords& words, bool sorted) {
  const size_t batch = engine->updatable() ? kBatchWords : words.size();
  const Timer timer;
  for (size_t begin = 0; begin < words.size(); begin += batch) {
    engine->Add(words.Slice(begin, batch), sorted);
  }
  return static_cast<double>(words.size()) / timer.Seconds();
}

double DeleteAll(Engine* engine, const PackedWords& words) {
  const Timer timer;
  for (size_t begin = 0; begin < words.size(); begin += kBatchWords) {
    engine->Delete(words.Slice(begin, kBatchWords));
  }
  const double rate = static_cast<double>(words.size()) / timer.Seconds();
  if (engine->Scan().words != 0) Die("words are left after all were deleted");
  return rate;
}

// Nanoseconds a query, of all of them or as many as the time allows.
template <typename Ask>
double MeanNanoseconds(const PackedWords& queries, Ask ask) {
  const Timer timer;
  uint64_t sum = 0;
  size_t done = 0;
  while (done < queries.size() && timer.Seconds() < kSecondsMax) {
    const size_t end = std::min(done + kQueriesPerLook, queries.size());
    for (; done < end; ++done) sum += ask(queries[done]);
  }
  Use(sum);
  return timer.Seconds() * 1e9 / static_cast<double>(done);
}

void CheckCompletions(Engine* engine, const WordList& list, std::string_view prefix) {
  const auto& words = list.words();
  auto word = std::lower_bound(words.begin(), words.end(), prefix);
  const size_t count = engine->Complete(prefix, kCompletions);
  for (size_t i = 0; i < count; ++i, ++word) {
    if (word == words.end() || *word != engine->Completion(i)) {
      Die("a wrong completion of '" + std::string(prefix) + "'");
    }
  }
  if (count < kCompletions && word != words.end() && word->starts_with(prefix)) {
    Die("too few completions of '" + std::string(prefix) + "'");
  }
}

void CheckAnswers(Engine* engine, const Workload& work) {
  for (size_t i = 0; i < std::min(kCheckedQueries, work.queries.hits.size()); ++i) {
    if (!engine->Contains(work.queries.hits[i])) Die("a word is missing");
    if (engine->Contains(work.queries.misses[i])) Die("a word is there that never was added");
    CheckCompletions(engine, *work.list, work.queries.prefixes[i]);
  }
}

double ScanRate(Engine* engine, const WordList& list) {
  const Timer timer;
  double words = 0;
  do {
    const ScanSum sum = engine->Scan();
    if (sum.words != list.size() || sum.bytes != list.bytes()) Die("a scan missed words");
    words += static_cast<double>(sum.words);
  } while (timer.Seconds() < kScanSeconds);
  return words / timer.Seconds();
}

double OpenMilliseconds(Engine* engine, const std::string& folder) {
  std::vector<double> times;
  for (int i = 0; i < kOpenings; ++i) {
    if (i > 0) engine->Close();
    const Timer timer;
    engine->Open(folder);
    times.push_back(timer.Milliseconds());
  }
  return Median(times);
}

void Read(Engine* engine, const Workload& work, EngineFigures* figures) {
  CheckAnswers(engine, work);
  const auto get = [&](std::string_view word) { return engine->Contains(word) ? 1u : 0u; };
  MeanNanoseconds(work.queries.hits, get);  // warms caches
  figures->hit_ns = MeanNanoseconds(work.queries.hits, get);
  figures->miss_ns = MeanNanoseconds(work.queries.misses, get);
  figures->prefix_us = MeanNanoseconds(work.queries.prefixes,
                                       [&](std::string_view prefix) {
                                         return engine->Complete(prefix, kCompletions);
                                       }) /
                       1e3;
  figures->scan = ScanRate(engine, *work.list);
}

// The compacted store, opened by a process that did not build it.
EngineFigures ReadAndDelete(const NamedEngine& named, const Workload& work,
                            const std::string& folder) {
  EngineFigures figures;
  const auto engine = named.make();
  malloc_trim(0);  // what the parent freed must not hide what the engine takes
  const uint64_t before = AnonymousBytes();
  figures.open_ms = OpenMilliseconds(engine.get(), folder);
  Read(engine.get(), work, &figures);
  const bool server = engine->process() != getpid();
  const uint64_t held = AnonymousBytes(engine->process());
  figures.memory_mib = static_cast<double>(server ? held : held - std::min(held, before)) / 0x1p20;
  if (engine->updatable()) {
    figures.add_again = Load(engine.get(), work.shuffled, false);
    engine->Compact();  // deletes begin from where the adds began
    figures.delete_shuffled = DeleteAll(engine.get(), work.shuffled);
  }
  engine->Close();
  return figures;
}

double LoadInto(const NamedEngine& named, const std::string& folder, const PackedWords& words,
                bool sorted) {
  const auto engine = named.make();
  engine->Open(folder);
  const double rate = Load(engine.get(), words, sorted);
  if (sorted) engine->Compact();
  engine->Close();
  return rate;
}

}  // namespace

bool MeasureEngine(const NamedEngine& engine, const Workload& work, const WorkFolder& folder,
                   EngineFigures* figures) {
  const std::string random = folder.Fresh("shuffled");
  const auto load_shuffled =
      InChild<double>([&] { return LoadInto(engine, random, work.shuffled, false); });
  folder.Fresh("shuffled");

  const std::string ordered = folder.Fresh("sorted");
  const auto load_sorted =
      InChild<double>([&] { return LoadInto(engine, ordered, work.sorted, true); });
  if (!load_shuffled || !load_sorted) return false;
  const auto bytes = static_cast<double>(SizeOfFolder(ordered).bytes);

  const auto read = InChild<EngineFigures>([&] { return ReadAndDelete(engine, work, ordered); });
  folder.Fresh("sorted");
  if (!read) return false;
  *figures = *read;
  figures->load_shuffled = *load_shuffled;
  figures->load_sorted = *load_sorted;
  figures->bytes_per_key = bytes / static_cast<double>(work.list->size());
  return true;
}

}  // namespace trifecta::bench
