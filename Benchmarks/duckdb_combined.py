"""The `combined` workload in DuckDB, by its own clock: run by formdb-bench with a directory of columns.

Settings: in memory, all cores, the table sorted by time (so that a range of time reads few row groups), prepared
statements. Prints a line for each run of an operation: its name, nanoseconds, the answer.
"""
import sys
import time
from array import array

import duckdb

directory, runs = sys.argv[1], int(sys.argv[2])
middle_first, middle_end, start, day = map(int, sys.argv[3:7])


def column(name, kind):
    values = array(kind)
    with open(f"{directory}/{name}", "rb") as file:
        values.frombytes(file.read())
    return values


rows = {
    "longitude": column("longitude", "d"),
    "latitude": column("latitude", "d"),
    "magnitude": column("magnitude", "d"),
    "time": column("time", "q"),
}
questions = column("questions", "d")
question_times = column("question_times", "q")
count = len(rows["time"])

db = duckdb.connect(":memory:")
with open(f"{directory}/rows.csv", "w") as file:
    for i in range(count):
        file.write(f"{i + 1},{rows['longitude'][i]!r},{rows['latitude'][i]!r},")
        file.write(f"{rows['time'][i]},{rows['magnitude'][i]!r}\n")
db.execute(
    f"""
    CREATE TABLE event AS SELECT * FROM read_csv('{directory}/rows.csv', header = false, columns = {{
        'id': 'BIGINT', 'longitude': 'DOUBLE', 'latitude': 'DOUBLE', 'time': 'BIGINT',
        'magnitude': 'DOUBLE'}}) ORDER BY time
    """
)
find = """
    SELECT id FROM event WHERE longitude >= ? AND longitude <= ? AND latitude >= ? AND latitude <= ?
    AND time >= ? AND time < ? AND magnitude >= ?
"""
db.execute(f"PREPARE find AS {find}")
asked = [
    (*questions[5 * i : 5 * i + 4], *question_times[2 * i : 2 * i + 2], questions[5 * i + 4])
    for i in range(len(question_times) // 2)
]


def find_all():
    found, total = 0, 0
    for west, south, east, north, first, end, magnitude in asked:
        ids = db.execute(
            f"EXECUTE find({west}, {east}, {south}, {north}, {first}, {end}, {magnitude})"
        ).fetchall()
        found += len(ids)
        total += sum(id for (id,) in ids)
    return f"{found} {total}"


def mean():
    sql = "SELECT avg(magnitude) FROM event WHERE time >= ? AND time < ?"
    return repr(db.execute(sql, [middle_first, middle_end]).fetchone()[0])


def per_day():
    sql = "SELECT (time - ?) // ? AS day, count(*) FROM event GROUP BY day ORDER BY day"
    counts = dict(db.execute(sql, [start, day]).fetchall())
    return ",".join(str(counts.get(number, 0)) for number in range(365))


for _ in range(runs):
    for name, operation in [
        ("box-week-magnitude", find_all),
        ("mean-indexed", mean),
        ("per-day", per_day),
    ]:
        before = time.perf_counter_ns()
        answer = operation()
        print(name, time.perf_counter_ns() - before, answer)
