#if defined(__has_include) && !__has_include(<rocksdb/db.h>)
#error                                                                                             \
    "The benchmarks need rocksdb/db.h: install it with 'apt-get install librocksdb-dev' (Debian) or 'brew install rocksdb' (macOS)"
#endif
#include "bench_rocksdb.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <string>

using rocksdb::Slice;
using rocksdb::Status;

struct bench_rocksdb {
    std::unique_ptr<rocksdb::DB> database;
    bool durable;
};

namespace {

std::mutex message_mutex;
std::string message;

int result(const Status &status) {
    if (status.ok()) return 0;
    std::lock_guard<std::mutex> guard(message_mutex);
    message = status.ToString();
    return 1;
}

// Eight bytes whose order is that of series and time.
struct Key {
    char bytes[8];

    Key(uint32_t series, int64_t time_us) {
        uint64_t number = __builtin_bswap64(bench_commit_key(series, time_us));
        std::memcpy(bytes, &number, sizeof bytes);
    }
    Slice slice() const { return Slice(bytes, sizeof bytes); }
};

Slice value_slice(const double &value) {
    return Slice(reinterpret_cast<const char *>(&value), sizeof value);
}

uint64_t key_number(const Slice &key) {
    uint64_t number;
    std::memcpy(&number, key.data(), sizeof number);
    return __builtin_bswap64(number);
}

void add(const rocksdb::Iterator &iterator, bench_series_answer &answer) {
    double value;
    std::memcpy(&value, iterator.value().data(), sizeof value);
    answer.hits++;
    answer.time_sum += (uint64_t)bench_commit_key_time_us(key_number(iterator.key()));
    answer.value_sum += value;
}

rocksdb::WriteOptions write_options(const bench_rocksdb &rocksdb) {
    rocksdb::WriteOptions options;
    options.sync = rocksdb.durable;
    options.disableWAL = !rocksdb.durable;
    return options;
}

struct CommitRun {
    bench_rocksdb *rocksdb;
    const bench_commit_load *load;
};

int run_writer(void *context, size_t writer) {
    const CommitRun *run = static_cast<CommitRun *>(context);
    const bench_commit_load &load = *run->load;
    const uint32_t series = load.first_series + (uint32_t)writer;
    const auto options = write_options(*run->rocksdb);
    rocksdb::WriteBatch batch;
    uint64_t row = load.first_row;
    for (uint64_t n = 0; n < load.commits_each; n++) {
        batch.Clear();
        Status status;
        for (uint64_t i = 0; status.ok() && i < load.rows_per_commit; i++, row++) {
            double value = bench_commit_value(row);
            status = batch.Put(Key(series, bench_commit_time_us(row)).slice(), value_slice(value));
        }
        if (status.ok()) status = run->rocksdb->database->Write(options, &batch);
        if (!status.ok()) return result(status);
    }
    return 0;
}

} // namespace

const char *bench_rocksdb_version(void) {
    static const std::string text = rocksdb::GetRocksVersionAsString(true);
    return text.c_str();
}

const char *bench_rocksdb_message(void) {
    return message.c_str();
}

int bench_rocksdb_open(const char *path, bool durable, bench_rocksdb **out) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kNoCompression; // the rows are small, the processor is the limit
    options.max_background_jobs = 2;
    // One writer needs no locks in the memtable; many are faster with them.
    options.allow_concurrent_memtable_write = durable;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache((size_t)256 << 20);
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB *database = nullptr;
    int code = result(rocksdb::DB::Open(options, path, &database));
    if (code == 0) *out = new bench_rocksdb{std::unique_ptr<rocksdb::DB>(database), durable};
    return code;
}

void bench_rocksdb_close(bench_rocksdb *rocksdb) {
    delete rocksdb;
}

int bench_rocksdb_append(bench_rocksdb *rocksdb, const int64_t *times_us, const double *values,
                         size_t count, size_t per_batch) {
    const auto options = write_options(*rocksdb);
    rocksdb::WriteBatch batch;
    for (size_t i = 0; i < count;) {
        batch.Clear();
        Status status;
        size_t end = count - i > per_batch ? i + per_batch : count;
        for (; status.ok() && i < end; i++)
            status = batch.Put(Key(0, times_us[i]).slice(), value_slice(values[i]));
        if (status.ok()) status = rocksdb->database->Write(options, &batch);
        if (!status.ok()) return result(status);
    }
    return 0;
}

int bench_rocksdb_ranges(bench_rocksdb *rocksdb, const int64_t *starts_us, size_t count,
                         int64_t length_us, bench_series_answer *out) {
    bench_series_answer answer = {};
    std::unique_ptr<rocksdb::Iterator> iterator(
        rocksdb->database->NewIterator(rocksdb::ReadOptions()));
    for (size_t i = 0; i < count; i++) {
        const Key end(0, starts_us[i] + length_us);
        for (iterator->Seek(Key(0, starts_us[i]).slice());
             iterator->Valid() && std::memcmp(iterator->key().data(), end.bytes, 8) < 0;
             iterator->Next())
            add(*iterator, answer);
        if (!iterator->status().ok()) return result(iterator->status());
    }
    *out = answer;
    return 0;
}

int bench_rocksdb_delete(bench_rocksdb *rocksdb, const int64_t *times_us, size_t count,
                         size_t per_batch) {
    const auto options = write_options(*rocksdb);
    rocksdb::WriteBatch batch;
    for (size_t i = 0; i < count;) {
        batch.Clear();
        Status status;
        size_t end = count - i > per_batch ? i + per_batch : count;
        for (; status.ok() && i < end; i++)
            status = batch.Delete(Key(0, times_us[i]).slice());
        if (status.ok()) status = rocksdb->database->Write(options, &batch);
        if (!status.ok()) return result(status);
    }
    return 0;
}

int bench_rocksdb_commit(bench_rocksdb *rocksdb, const bench_commit_load *load, uint64_t *out_ns) {
    CommitRun run = {rocksdb, load};
    return bench_run_threads(load->writers, run_writer, &run, out_ns);
}

int bench_rocksdb_sum(bench_rocksdb *rocksdb, bench_series_answer *out) {
    bench_series_answer answer = {};
    std::unique_ptr<rocksdb::Iterator> iterator(
        rocksdb->database->NewIterator(rocksdb::ReadOptions()));
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next())
        add(*iterator, answer);
    *out = answer;
    return result(iterator->status());
}
