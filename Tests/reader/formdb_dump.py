"""An independent reader of FormDB stores, written from docs/FORMAT.md alone.

    formdb-dump DIRECTORY          one JSON object a block, in order of sequence, one a line
    formdb-dump --check DIRECTORY  only checks; prints a summary

Every length, checksum, hash, link and padding byte is checked. The first thing that is wrong ends
the program with status 1 and "file: offset: what" on the error stream. What follows the last valid
group of the newest file is torn unless the manifest, the clean mark or a later group says that it
was durable; torn bytes are reported on the error stream and left out, as recovery would.

The form of a line:

    {"sequence": 7, "id": "<32 hex digits>", "previous": "<32 hex digits>", "wall_time_us": …,
     "encoding": "raw" | "lz4" | "redacted" | "pruned", "row_count": …,
     "operations": [ … ]}                            null when redacted or pruned

    every operation  {"tag": …, "target": number, "provenance": {…}}, and by tag:
    put, amend       "record": {"id": number or text, "geometry": GeoJSON geometry or null,
                                "properties": {…} or null}
                     "time": [start_us, end_us], "extras": {…} only where there are some;
                     amend has "keeps_geometry": true and no "geometry"
    delete           "id": number or text, "row_id": …
    append           "times_us": [ … ], "fields": [[ … ], … ] (one list a field),
                     "metadata": [{…} or null, …] only where there is some
    tombstone        "start_us": …, "end_us": … or null (open), "row_id_bound": …
    create           "kind": "collection" | "series", "name": …, "fields": [ … ],
                     "options": {…} or null
    rename           "kind": …, "name": …
    drop             "kind": …
    create index, drop index
                     "index": number, "reads_time": …, "property": [key, …]

Numbers are exact: a finite float64 is written with as many digits as it takes, any other as a
string of its bits, "0x7ff8000000000000". Keys of CBOR maps that are integers become text.
"""

import json
import os
import re
import struct
import sys

import lz4.block
import xxhash

from formdb_records import (Bytes, Corrupt, align, batch, cbor_item, cbor_map, feature_id, need,
                            record, text)

LOG_NAME = re.compile(r"^log-([0-9]{20})\.fdb$")
TAGS = {1: "put", 2: "amend", 3: "delete", 4: "append", 5: "tombstone", 16: "create",
        17: "rename", 18: "drop", 19: "create index", 20: "drop index"}
KINDS = ["collection", "series"]
ENCODINGS = ["raw", "lz4", "redacted", "pruned"]
PAYLOAD_MAX = 1 << 30


def hash64(data, seed=0):
    return xxhash.xxh3_64_intdigest(bytes(data), seed=seed)


def hash128(data):
    return xxhash.xxh3_128_digest(bytes(data))  # canonical: big-endian


# ---- Payloads -------------------------------------------------------------------------------------


def operation(tag, body):
    """What an operation says, and how many row ids it takes."""
    source = Bytes(body)
    if tag in ("put", "amend"):
        # Operations are padded to 8 and so are records: the record is the body.
        found = {"record": record(body)}
        need(("keeps_geometry" in found["record"]) == (tag == "amend"), f"a geometry of {tag}")
        return found, 1
    if tag == "append":
        found = batch(body)
        return found, len(found["times_us"])
    if tag == "delete":
        row_id, text_bytes, zero = source.unpack("Q2I")
        need(zero == 0 and text_bytes <= 65535, "a broken delete")
        value = source.unpack("q") if text_bytes == 0 else 0
        found = {"id": feature_id(text_bytes > 0, value, source.take(text_bytes)),
                 "row_id": row_id}
    elif tag == "tombstone":
        start, end, flags, zero, bound = source.unpack("2q2IQ")
        need(flags < 2 and zero == 0, "a broken tombstone")
        found = {"start_us": start, "end_us": None if flags else end, "row_id_bound": bound}
    elif tag in ("create index", "drop index"):
        found = index_operation(source)
    else:
        found = catalog_operation(tag, source)
    source.zeros_to_8()
    source.end()
    return found, 0


def index_operation(source):
    index, property_bytes = source.unpack("2I")
    encoded = cbor_item(source.take(property_bytes), "property")
    need(isinstance(encoded, list) and len(encoded) >= 2, "a property")
    reading, *keys = encoded
    need(type(reading) is int and reading in (0, 1), "a property's reading")
    need(1 <= len(keys) <= 64 and all(type(key) is str for key in keys), "a property's keys")
    return {"index": index, "reads_time": reading == 1, "property": keys}


def catalog_operation(tag, source):
    kind = source.unpack("I")
    need(kind < len(KINDS), f"target kind {kind}")
    found = {"kind": KINDS[kind]}
    if tag == "drop":
        need(source.unpack("I") == 0, "a broken drop")
        return found
    name_bytes = source.unpack("I")
    need(1 <= name_bytes <= 255, f"a name of {name_bytes} bytes")
    if tag == "rename":
        found["name"] = text(source.take(name_bytes), "name")
        return found
    field_count, options_bytes = source.unpack("2I")
    need(field_count <= 1024, f"{field_count} fields")
    found["name"] = text(source.take(name_bytes), "name")
    found["fields"] = [text(source.take(source.unpack("I")), "field") for _ in range(field_count)]
    options = source.take(options_bytes)
    found["options"] = cbor_map(options, "options", True) if options else None
    return found


def payload(data):
    """The operations of a canonical payload, and how many row ids they take."""
    source = Bytes(data)
    operations_bytes, provenance_count, run_count = source.unpack("Q2I")
    need(operations_bytes % 8 == 0 and provenance_count >= 1, "a broken payload header")
    region = Bytes(source.take(operations_bytes))
    runs = [source.unpack("2I") for _ in range(run_count)]
    provenances = []
    for _ in range(provenance_count):
        length, zero = source.unpack("2I")
        need(zero == 0, "padding that is not zero", source.at)
        provenances.append(cbor_map(source.take(length), "provenance", True))
        source.zeros_to_8()
    source.end()
    unequal = {json.dumps(item, sort_keys=True) for item in provenances}
    need(len(unequal) == provenance_count, "equal provenances")
    for (count, index), following in zip(runs, runs[1:] + [(1, None)]):
        need(count >= 1 and index < provenance_count and index != following[1], "broken runs")
    owners = [index for count, index in runs for _ in range(min(count, operations_bytes))]
    found, rows = [], 0
    while region.left():
        length, number_of_tag, flags, zero, target, zero2 = region.unpack("I2BH2I")
        need(number_of_tag in TAGS, f"unknown operation tag {number_of_tag}", region.at)
        need(flags == 0 and zero == 0 and zero2 == 0, "a broken operation header", region.at)
        need(length >= 16 and length % 8 == 0, f"an operation of {length} bytes", region.at)
        need(len(found) < len(owners), "an operation that no run covers", region.at)
        tag = TAGS[number_of_tag]
        body, taken = operation(tag, region.take(length - 16))
        provenance = provenances[owners[len(found)]]
        found.append({"tag": tag, "target": target, "provenance": provenance, **body})
        rows += taken
    need(len(found) == len(owners), "runs beyond the operations")
    return found, rows


# ---- Blocks, groups, files ------------------------------------------------------------------------


class Chain:
    """What the next block must continue."""

    def __init__(self, store_id):
        self.store_id, self.sequence, self.id = store_id, 0, bytes(16)


def block(source, chain):
    """Takes one block; checks that it continues `chain`, which moves on."""
    start = source.at
    header = source.take(112)
    version, zero, operation_count, store_id, sequence, wall_time = struct.unpack_from(
        "<2HI16sQq", header)
    previous, length, payload_hash, row_count = struct.unpack_from("<16sQ16sQ", header, 40)
    encoding, padding, stored_length, checksum = struct.unpack_from("<B7sQQ", header, 88)
    need(version == 1 and zero == 0, f"block version {version}", start)
    need(encoding < len(ENCODINGS) and not any(padding), f"block encoding {encoding}", start)
    need(length <= PAYLOAD_MAX, f"a payload of {length} bytes", start)
    stored = source.take(stored_length)
    source.zeros(align(stored_length) - stored_length)
    need(hash64(header[:104] + stored) == checksum, "block checksum", start)
    need(store_id == chain.store_id, "a block of another store", start)
    need(sequence == chain.sequence + 1, f"block {sequence} after {chain.sequence}", start)
    need(previous == chain.id, f"block {sequence} does not continue the chain", start)
    identity = hash128(header[:88])
    chain.sequence, chain.id = sequence, identity
    name = ENCODINGS[encoding]
    operations = None
    if name in ("raw", "lz4"):
        content = decode(name, stored, length)
        need(hash128(content) == payload_hash, f"payload hash of block {sequence}", start)
        operations, rows = payload(content)
        need(len(operations) == operation_count, f"operation count of block {sequence}", start)
        need(rows == row_count, f"row count of block {sequence}: {rows} taken", start)
    else:
        need(stored_length == 32, "a redacted block of a broken length", start)
    return {"sequence": sequence, "id": identity.hex(), "previous": previous.hex(),
            "wall_time_us": wall_time, "encoding": name, "row_count": row_count,
            "operations": operations}


def decode(name, stored, length):
    if name == "raw":
        need(len(stored) == length, "a raw payload of a broken length")
        return stored
    need(len(stored) < length <= 255 * len(stored), "an LZ4 payload of a broken length")
    try:
        content = lz4.block.decompress(stored, uncompressed_size=length)
    except lz4.block.LZ4BlockError as error:
        raise Corrupt(f"LZ4: {error}") from None
    need(len(content) == length, "an LZ4 payload of another length")
    return content


def is_group_end(offset):
    return offset >= 4096 and offset % 4096 == 0


class LogFile:
    def __init__(self, path, number, store_id):
        self.name = os.path.basename(path)
        with open(path, "rb") as file:
            self.data = file.read()
        head = self.data[:4096]
        need(len(head) == 4096 and head[:8] == b"FormDBLg", "no log file header")
        need(hash64(head[:4088]) == struct.unpack_from("<Q", head, 4088)[0], "header checksum")
        (version, zero, self.alignment, owner, self.number, self.epoch, self.salt,
         self.first_sequence, self.previous_id, self.previous_number,
         self.previous_end) = struct.unpack_from("<2HI16s4Q16s2Q", head, 8)
        need(version == 1 and zero == 0, f"log file version {version}", 8)
        need(not any(head[96:4088]), "header bytes that are not zero", 96)
        need(self.alignment in (4096, 8192, 16384, 32768, 65536), "alignment", 12)
        need(owner == store_id, "a log file of another store", 16)
        need(self.number == number, f"a log file that says it is number {self.number}", 32)
        need(1 <= self.epoch < (1 << 64) - 1, f"epoch {self.epoch}", 40)
        need(number > 1 or self.first_sequence == 1, "a first file that does not begin at 1", 56)
        begins = self.previous_number == self.previous_end == 0 if number == 1 else (
            self.previous_number == number - 1 and is_group_end(self.previous_end))
        need(begins, "the previous file", 80)
        self.store_id = store_id

    def group(self, offset, end):
        """(blocks' bytes, header) of the valid group at `offset` that ends by `end`, or None."""
        head = self.data[offset:offset + 64]
        if len(head) < 64 or head[:4] != b"FGrp":
            return None
        bound = self.store_id + struct.pack("<2Q", self.number, offset)
        (count, group_number, epoch, first, durable, length, body_sum,
         head_sum) = struct.unpack_from("<I7Q", head, 4)
        if hash64(bound + head[:56], self.salt) != head_sum:
            return None
        fits = self.alignment <= length <= end - offset and length % self.alignment == 0
        if not fits or epoch != self.epoch or 0 in (count, group_number, first):
            return None
        if durable >= first:
            return None
        body = self.data[offset + 64:offset + length]
        if hash64(body, self.salt) != body_sum:
            return None
        return body, {"count": count, "number": group_number, "first": first,
                      "durable": durable, "length": length}

    def rest(self, offset):
        """The largest durable_through of the valid groups from `offset` on."""
        largest = 0
        for at in range(align(offset, self.alignment), len(self.data), self.alignment):
            found = self.group(at, len(self.data))
            if found:
                largest = max(largest, found[1]["durable"])
        return largest


def group_blocks(log, offset, found, expected_number, chain):
    body, header = found
    need(header["number"] == expected_number, f"group {header['number']}", offset)
    need(header["first"] == chain.sequence + 1, f"a group from {header['first']}", offset)
    source = Bytes(body)
    for _ in range(header["count"]):
        try:
            yield block(source, chain)
        except Corrupt as error:
            raise Corrupt(error.what, offset + 64 + error.offset) from None
    source.zeros(source.left())


# ---- The store ------------------------------------------------------------------------------------


def manifest(data):
    need(data[:8] == b"FormDBMf", "no manifest")
    need(len(data) >= 96, "a manifest cut short")
    (read, write, length, checksum, store_id, number_of_it, floor, floor_id, clean_number,
     clean_end, count, zero) = struct.unpack_from("<2HIQ16s2Q16s2Q2I", data, 8)
    need(hash64(data[:16] + bytes(8) + data[24:]) == checksum, "manifest checksum", 16)
    need(read == 1, f"a store of format version {read}", 8)
    need(write >= read, "easier to write than to read", 10)
    need(length == len(data) == 96 + 48 * count and count >= 1 and zero == 0, "manifest length")
    need(number_of_it >= 1, "manifest number 0", 40)
    files = [struct.unpack_from("<4Q16s", data, 96 + 48 * i) for i in range(count)]
    expected_first = 1
    for position, (number_of_file, first, last, end, last_id) in enumerate(files):
        at = 96 + 48 * position
        need(number_of_file == position + 1, "log files out of order", at)
        need(first == expected_first, "first sequences that leave a hole", at + 8)
        if position + 1 < count:
            need(is_group_end(end) and last >= first - 1, "a broken sealed file", at + 16)
        else:
            need(last == 0 and end == 0 and not any(last_id), "a broken active file", at + 16)
        expected_first = last + 1
    need(floor >= files[-1][1] - 1, "a floor below the active file", 48)
    is_marked = clean_number == count and is_group_end(clean_end)
    need(clean_number == clean_end == 0 or is_marked, "a broken clean mark", 72)
    return {"version_to_write": write, "store_id": store_id, "floor": floor, "floor_id": floor_id,
            "clean_number": clean_number, "clean_end": clean_end, "files": files}


def in_file(name, body):
    """Runs `body`; what it finds wrong is told with the file's name."""
    try:
        return body()
    except Corrupt as error:
        raise Corrupt(f"{name}: {error.offset}: {error.what}") from None


def read_store(directory):
    """Yields the blocks of a store."""
    def read_manifest():
        with open(os.path.join(directory, "MANIFEST"), "rb") as file:
            return manifest(file.read())

    about = in_file("MANIFEST", read_manifest)
    present = {int(m.group(1)) for m in map(LOG_NAME.match, os.listdir(directory)) if m}
    numbers = [entry[0] for entry in about["files"]]
    # Files that the manifest does not name yet belong to the log if they are the next.
    beyond = sorted(present - set(numbers))
    follow = list(range(numbers[-1] + 1, numbers[-1] + 1 + len(beyond)))
    need(beyond == follow, f"MANIFEST: 0: log files {beyond} that nothing names")
    logs = []
    for number_of_file in numbers + beyond:
        name = f"log-{number_of_file:020d}.fdb"
        need(number_of_file in present, f"{name}: 0: the file is missing")
        logs.append(in_file(name, lambda: LogFile(
            os.path.join(directory, name), number_of_file, about["store_id"])))
    chain, floor_id = Chain(about["store_id"]), bytes(16)
    for position, log in enumerate(logs):
        entry = about["files"][position] if position < len(about["files"]) else None
        follower = logs[position + 1] if position + 1 < len(logs) else None
        previous = logs[position - 1] if position else None
        in_file(log.name, lambda: check_link(log, previous, chain))
        blocks = file_blocks(log, entry, follower, about, chain)
        while (one := in_file(log.name, lambda: next(blocks, None))) is not None:
            if one["sequence"] == about["floor"]:
                floor_id = chain.id
            yield one
    newest = logs[-1].name
    need(chain.sequence >= about["floor"], f"{newest}: 0: the log ends before the floor")
    need(floor_id == about["floor_id"], "MANIFEST: 56: another block than the floor's")


def check_link(log, previous, chain):
    need(log.first_sequence == chain.sequence + 1, f"a file from {log.first_sequence}", 56)
    need(log.previous_id == chain.id, "a file that does not continue the chain", 64)
    need(previous is None or log.epoch >= previous.epoch, "an epoch that falls", 40)


def file_blocks(log, entry, follower, about, chain):
    end = len(log.data)
    if follower is not None:
        end = follower.previous_end
        need(entry is None or entry[3] in (0, end), "another end than the manifest's", end)
        need(end <= len(log.data), "a file cut short", len(log.data))
    clean_end = about["clean_end"] if about["clean_number"] == log.number else 0
    need(clean_end <= end, "a file shorter than at its clean close", end)
    need(entry is None or entry[1] == log.first_sequence, "another first sequence", 56)
    offset, group_number = log.alignment, 1
    while offset < end:
        found = log.group(offset, end)
        if found is None:
            need(follower is None, "a bad group in a sealed file", offset)
            need(offset >= clean_end, "a bad group before the clean mark", offset)
            torn(log, offset, about, chain)
            break
        yield from group_blocks(log, offset, found, group_number, chain)
        offset += found[1]["length"]
        group_number += 1
    if entry is not None and entry[3] != 0:
        need(entry[2] == chain.sequence and entry[4] == chain.id, "another last block", offset)


def torn(log, offset, about, chain):
    """What is bad at the end of the newest file: torn, unless it was durable."""
    covered = max(log.rest(offset), about["floor"])
    need(covered <= chain.sequence, f"a bad group, although {covered} was durable", offset)
    left = log.data[offset:].rstrip(b"\0")
    if left:
        print(f"{log.name}: {offset}: torn write of {len(left)} bytes", file=sys.stderr)


def main(arguments):
    check_only = arguments[:1] == ["--check"]
    if len(arguments) != 1 + check_only:
        sys.exit("usage: formdb-dump [--check] DIRECTORY")
    blocks = operations = rows = 0
    try:
        for one in read_store(arguments[-1]):
            if not check_only:
                print(json.dumps(one, allow_nan=False, separators=(",", ":")))
            blocks += 1
            operations += len(one["operations"] or [])
            rows += one["row_count"]
    except (Corrupt, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if check_only:
        print(f"{blocks} blocks, {operations} operations, {rows} rows: all valid")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
