// redis-server over its unix socket: one sorted set with all scores 0, which ZRANGEBYLEX reads in
// order. appendonly with appendfsync=always, so that a reply means that the words are on the disk,
// as for the others; a batch is one command. Lookups and completions are one round trip each.
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "tests/bench/common/die.h"
#include "tests/bench/common/word_list.h"
#include "tests/bench/engines/engine.h"

namespace trifecta::bench {
namespace {

constexpr char kProgram[] = "/usr/bin/redis-server";
constexpr char kKey[] = "words";
// Words of one page of a scan.
constexpr size_t kScanPage = 10'000;

using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

class RedisEngine : public Engine {
 public:
  void Open(const std::string& folder) override {
    folder_ = folder;
    StartServer();
    do {  // it answers LOADING until its data is read
      std::this_thread::yield();
      Connect();
    } while (!Ready());
  }

  void Close() override {
    redisFree(connection_);
    connection_ = nullptr;
    kill(server_, SIGTERM);
    waitpid(server_, nullptr, 0);
  }

  void Add(std::span<const std::string_view> words, bool) override {
    Begin({"ZADD", kKey});
    for (const std::string_view word : words) {
      arguments_.emplace_back("0");
      arguments_.push_back(word);
    }
    Send();
  }

  void Delete(std::span<const std::string_view> words) override {
    Begin({"ZREM", kKey});
    arguments_.insert(arguments_.end(), words.begin(), words.end());
    Send();
  }

  // The append-only file anew, as a snapshot.
  void Compact() override {
    Begin({"BGREWRITEAOF"});
    Send();
    for (bool busy = true; busy; std::this_thread::yield()) {
      Begin({"INFO", "persistence"});
      const Reply reply = Send();
      busy = std::strstr(reply->str, "aof_rewrite_in_progress:1") != nullptr ||
             std::strstr(reply->str, "aof_rewrite_scheduled:1") != nullptr;
    }
  }

  bool Contains(std::string_view word) override {
    Begin({"ZSCORE", kKey, word});
    return Send()->type != REDIS_REPLY_NIL;
  }

  size_t Complete(std::string_view prefix, size_t limit) override {
    completions_.Clear();
    const std::string begin = "[" + std::string(prefix);
    const std::string end = prefix.empty() ? "+" : "(" + std::string(prefix) + "\xFF";
    const std::string count = std::to_string(limit);
    Begin({"ZRANGEBYLEX", kKey, begin, end, "LIMIT", "0", count});
    const Reply reply = Send();
    for (size_t i = 0; i < reply->elements; ++i) completions_.Add(View(*reply->element[i]));
    return completions_.size();
  }

  std::string_view Completion(size_t i) const override { return completions_[i]; }

  ScanSum Scan() override {
    ScanSum sum;
    const std::string count = std::to_string(kScanPage);
    std::string begin = "-";
    for (;;) {
      Begin({"ZRANGEBYLEX", kKey, begin, "+", "LIMIT", "0", count});
      const Reply reply = Send();
      for (size_t i = 0; i < reply->elements; ++i) sum.Add(View(*reply->element[i]));
      if (reply->elements < kScanPage) return sum;
      begin = "(" + std::string(View(*reply->element[reply->elements - 1]));
    }
  }

  pid_t process() const override { return server_; }

 private:
  std::string Socket() const { return folder_ + "/redis.sock"; }

  void StartServer() {
    const std::string socket = Socket(), log = folder_ + "/redis.log";
    server_ = fork();
    if (server_ < 0) Die("redis: cannot fork");
    if (server_ > 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(kProgram, kProgram, "--port", "0", "--unixsocket", socket.c_str(), "--dir",
          folder_.c_str(), "--logfile", log.c_str(), "--appendonly", "yes", "--appendfsync",
          "always", "--save", "", "--auto-aof-rewrite-percentage", "0",
          static_cast<char*>(nullptr));
    _exit(127);
  }

  void Connect() {
    if (connection_ != nullptr) redisFree(connection_);
    connection_ = redisConnectUnix(Socket().c_str());
    if (waitpid(server_, nullptr, WNOHANG) == server_) Die("redis-server ended; is it installed?");
  }

  bool Ready() {
    if (connection_ == nullptr || connection_->err != 0) return false;
    const Reply reply(static_cast<redisReply*>(redisCommand(connection_, "PING")), freeReplyObject);
    return reply != nullptr && reply->type == REDIS_REPLY_STATUS;
  }

  static std::string_view View(const redisReply& reply) { return {reply.str, reply.len}; }

  void Begin(std::initializer_list<std::string_view> arguments) { arguments_ = arguments; }

  Reply Send() {
    pointers_.clear();
    lengths_.clear();
    for (const std::string_view argument : arguments_) {
      pointers_.push_back(argument.data());
      lengths_.push_back(argument.size());
    }
    Reply reply(
        static_cast<redisReply*>(redisCommandArgv(connection_, static_cast<int>(pointers_.size()),
                                                  pointers_.data(), lengths_.data())),
        freeReplyObject);
    if (reply == nullptr) Die(std::string("redis: ") + connection_->errstr);
    if (reply->type == REDIS_REPLY_ERROR) Die(std::string("redis: ") + reply->str);
    return reply;
  }

  std::string folder_;
  pid_t server_ = -1;
  redisContext* connection_ = nullptr;
  std::vector<std::string_view> arguments_;
  std::vector<const char*> pointers_;
  std::vector<size_t> lengths_;
  PackedWords completions_;
};

}  // namespace

std::unique_ptr<Engine> MakeRedis() { return std::make_unique<RedisEngine>(); }

}  // namespace trifecta::bench
