"""Feature records, point batches and CBOR of FormDB, from docs/FORMAT.md alone."""

import math
import struct

import cbor2

CANONICAL_NAN = struct.pack("<Q", 0x7FF8000000000000)
GEOMETRIES = [
    None, "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
    "GeometryCollection",
]
HAS_Z, HAS_TIME, TEXT_ID, KEEPS_GEOMETRY = 1, 2, 4, 8


class Corrupt(Exception):
    """Something is not what FORMAT.md says. `offset` is relative to what is being read."""

    def __init__(self, what, offset=0):
        super().__init__(what)
        self.what, self.offset = what, offset


def need(condition, what, offset=0):
    if not condition:
        raise Corrupt(what, offset)


def align(value, alignment=8):
    return (value + alignment - 1) // alignment * alignment


class Bytes:
    """A cursor over bytes that never reads beyond them."""

    def __init__(self, data):
        self.data, self.at = memoryview(data), 0

    def left(self):
        return len(self.data) - self.at

    def take(self, length):
        need(0 <= length <= self.left(), f"{length} bytes wanted, {self.left()} left", self.at)
        piece = self.data[self.at:self.at + length]
        self.at += length
        return bytes(piece)

    def unpack(self, form):
        values = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))
        return values[0] if len(values) == 1 else values

    def zeros(self, length):
        at = self.at
        need(not any(self.take(length)), "padding that is not zero", at)

    def zeros_to_8(self):
        self.zeros(align(self.at) - self.at)

    def end(self):
        need(self.left() == 0, f"{self.left()} bytes too many", self.at)


def number(value_bytes):
    """A float64 for the dump."""
    value = struct.unpack("<d", value_bytes)[0]
    return value if math.isfinite(value) else "0x%016x" % struct.unpack("<Q", value_bytes)


def text(data, what):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Corrupt(f"{what} is not UTF-8: {error}") from None


def cbor_item(data, what, text_keys=True):
    """One deterministic CBOR item of the kinds of value that JSON has."""
    try:
        value = cbor2.loads(data)
    except Exception as error:  # cbor2 raises many kinds
        raise Corrupt(f"{what}: CBOR that does not decode: {error}") from None
    check_json(value, what, text_keys)
    # Head lengths, order and uniqueness of keys, float widths, bytes behind the item: all at once.
    need(cbor2.dumps(value, canonical=True) == data, f"{what}: CBOR that is not deterministic")
    return value


def cbor_map(data, what, text_keys):
    value = cbor_item(data, what, text_keys)
    need(isinstance(value, dict), f"{what} is no CBOR map")
    return {str(key): item for key, item in value.items()}


def check_json(value, what, text_keys=True):
    if isinstance(value, dict):
        for key, item in value.items():
            is_unsigned = isinstance(key, int) and not isinstance(key, bool) and key >= 0
            need(isinstance(key, str) if text_keys else is_unsigned, f"{what}: key {key!r}")
            check_json(item, what)
    elif isinstance(value, list):
        for item in value:
            check_json(item, what)
    elif isinstance(value, float):
        need(math.isfinite(value), f"{what}: a float that is not finite")
    else:
        need(value is None or isinstance(value, (bool, int, str)), f"{what}: {type(value)}")


# ---- Feature records ------------------------------------------------------------------------------


def positions(data, has_z):
    width = 24 if has_z else 16
    need(len(data) % width == 0, "positions of a broken length")
    found = []
    for at in range(0, len(data), width):
        piece = data[at:at + width]
        longitude, latitude = struct.unpack("<2d", piece[:16])
        need(math.isfinite(longitude) and abs(longitude) <= 540, f"longitude {longitude}")
        need(math.isfinite(latitude) and abs(latitude) <= 90, f"latitude {latitude}")
        position = [longitude, latitude]
        if has_z and piece[16:] != CANONICAL_NAN:
            third = struct.unpack("<d", piece[16:])[0]
            need(math.isfinite(third), "a third number that is not finite")
            position.append(third)
        found.append(position)
    return found


def parts(items, ends, what):
    """Cuts `items` at running counts, the last of which is all of them."""
    cut, start = [], 0
    for end in ends:
        need(start <= end <= len(items), f"{what}: running counts that fall or run over")
        cut.append(items[start:end])
        start = end
    need(start == len(items), f"{what}: {len(items) - start} items behind the last count")
    return cut


def geometry(kind, data, has_z, depth=0):
    need(kind < len(GEOMETRIES), f"unknown geometry kind {kind}")
    name = GEOMETRIES[kind]
    if name is None:
        need(len(data) == 0, "a null geometry with bytes")
        return None
    source = Bytes(data)
    if name == "Point":
        found = positions(data, has_z)
        need(len(found) <= 1, "a Point of more than one position")
        coordinates = found[0] if found else []
    elif name in ("LineString", "MultiPoint"):
        coordinates = positions(data, has_z)
    elif name in ("Polygon", "MultiLineString"):
        ends = [source.unpack("I") for _ in range(counted(source, source.unpack("I")))]
        source.zeros_to_8()
        coordinates = parts(positions(source.take(source.left()), has_z), ends, name)
    elif name == "MultiPolygon":
        polygons, rings = source.unpack("2I")
        counted(source, polygons)
        counted(source, rings)
        polygon_ends = [source.unpack("I") for _ in range(polygons)]
        ring_ends = [source.unpack("I") for _ in range(rings)]
        source.zeros_to_8()
        lines = parts(positions(source.take(source.left()), has_z), ring_ends, name)
        coordinates = parts(lines, polygon_ends, name)
    else:
        return {"type": name, "geometries": collection(source, has_z, depth)}
    return {"type": name, "coordinates": coordinates}


def counted(source, count):
    need(count * 4 <= source.left(), f"a count of {count} beyond the bytes", source.at)
    return count


def collection(source, has_z, depth):
    need(depth < 32, "geometry collections nested too deep")
    count, zero = source.unpack("2I")
    need(zero == 0, "padding that is not zero", 4)
    need(count * 8 <= source.left(), f"a count of {count} beyond the bytes")
    members = []
    for _ in range(count):
        kind, length = source.unpack("2I")
        need(length % 8 == 0 and kind != 0, "a broken collection member", source.at)
        members.append(geometry(kind, source.take(length), has_z, depth + 1))
    source.end()
    return members


def feature_id(is_text, value, text_bytes):
    return text(text_bytes, "feature id") if is_text else value


def record(data):
    source = Bytes(data)
    length, version, kind, flags, zero = source.unpack("I4B")
    need(length == len(data) and length % 8 == 0, f"a record of length {length}")
    need(version == 1, f"record version {version}")
    need(flags < 16 and zero == 0, f"record flags {flags}")
    integer, geometry_bytes, properties_bytes, extras_bytes, zero = source.unpack("q4I")
    need(zero == 0 and geometry_bytes % 8 == 0, "a broken record header", 28)
    found = {"id": None}
    if flags & HAS_TIME:
        start, end = source.unpack("2q")
        need(start <= end, "a time that ends before it starts", 32)
        found["time"] = [start, end]
    shape = geometry(kind, source.take(geometry_bytes), bool(flags & HAS_Z))
    if flags & KEEPS_GEOMETRY:
        need(kind == 0, "a kept geometry that is given")
        found["keeps_geometry"] = True
    else:
        found["geometry"] = shape
    properties = source.take(properties_bytes)
    extras = source.take(extras_bytes)
    found["properties"] = cbor_map(properties, "properties", True) if properties else None
    if extras:
        found["extras"] = cbor_map(extras, "extras", False)
    is_text = bool(flags & TEXT_ID)
    need(not is_text or 1 <= integer <= 65535, f"an id of {integer} bytes", 8)
    found["id"] = feature_id(is_text, integer, source.take(integer if is_text else 0))
    source.zeros_to_8()
    source.end()
    return found


# ---- Point batches --------------------------------------------------------------------------------


def batch(data):
    source = Bytes(data)
    length, version, field_count, point_count, flags = source.unpack("I2H2I")
    need(length == len(data) and length % 8 == 0, f"a batch of length {length}")
    need(version == 1 and flags < 2, f"batch version {version}, flags {flags}")
    need(1 <= field_count <= 1024, f"{field_count} fields")
    need(1 <= point_count <= 1 << 24, f"{point_count} points")
    table = []
    for _ in range(1 + field_count + flags):
        codec, zero1, zero2, size = source.unpack("BBHI")
        need(zero1 == 0 and zero2 == 0 and size % 8 == 0, "a broken column table", source.at)
        table.append((codec, source_limit(size, len(data))))
    columns = [(codec, source.take(size)) for codec, size in table]
    source.end()
    found = {"times_us": times(*columns[0], point_count)}
    found["fields"] = [field(*column, point_count) for column in columns[1:1 + field_count]]
    if flags:
        found["metadata"] = metadata(*columns[-1], point_count)
    return found


def source_limit(size, length):
    need(size <= length, f"a column of {size} bytes")
    return size


def times(codec, data, count):
    if codec == 1:
        need(len(data) == 16, "a line of a broken length")
        first, step = struct.unpack("<2q", data)
        last = first + (count - 1) * step
        need(-(1 << 63) <= last < 1 << 63, "a line that overflows")
        need(8 * count > 16, "a line where raw times are smaller")
        return [first + i * step for i in range(count)]
    need(codec == 0, f"unknown time codec {codec}")
    need(len(data) == 8 * count, "raw times of a broken length")
    values = list(struct.unpack(f"<{count}q", data))
    steps = {b - a for a, b in zip(values, values[1:])}
    need(count < 3 or len(steps) > 1 or not -(1 << 63) <= min(steps) < 1 << 63,
         "raw times that lie on a line")
    return values


def field(codec, data, count):
    if codec == 1:
        need(len(data) == 8 and count > 1, "a constant of a broken length")
        return [number(data)] * count
    need(codec == 0, f"unknown field codec {codec}")
    need(len(data) == 8 * count, "a raw field of a broken length")
    need(count == 1 or data != data[:8] * count, "a raw field that is constant")
    return [number(data[at:at + 8]) for at in range(0, len(data), 8)]


def metadata(codec, data, count):
    need(codec == 0, f"unknown metadata codec {codec}")
    source = Bytes(data)
    ends = [source.unpack("I") for _ in range(counted(source, count))]
    source.zeros_to_8()
    found, start = [], 0
    for end in ends:
        need(start <= end, "metadata ends that fall")
        piece = source.take(end - start)
        found.append(cbor_map(piece, "metadata", True) if piece else None)
        start = end
    need(any(item is not None for item in found), "a metadata column without metadata")
    source.zeros_to_8()
    source.end()
    return found
