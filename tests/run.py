#!/usr/bin/python3
"""run: everything that has to pass before a change lands, stage by stage.

`./dev test` installs the tools and calls this; `./dev test --only STAGE` runs one stage (the option
may be repeated). The last line is `N passed, N failed`, over the cases of all stages: each TEST of
a C program, each case of a Python suite, each check, each build. A case that was skipped, and a
tool that is missing, is a failure. GUST_JOBS says how many jobs run at a time (default: one a core).
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "checks"))
import layering  # noqa: E402
import source  # noqa: E402

JOBS = int(os.environ.get("GUST_JOBS") or os.cpu_count() or 2)
FUZZ_SECONDS = 60  # over all targets
MIGHT_WAIT = {"dev": 2, "aarch64": 4}  # how much longer a test may take there


class Results:
    """Cases of one stage: counted, and what failed kept to be shown."""

    def __init__(self):
        self.passed = 0
        self.failures = []

    def add(self, name, problems):
        """One case; `problems` is what is wrong with it, lines or text."""
        if not problems:
            self.passed += 1
            return True
        text = problems if isinstance(problems, str) else "\n".join(problems)
        self.failures.append(name)
        print(f"FAILED {name}\n{indent(text)}", flush=True)
        return False

    def add_passed(self, n):
        self.passed += n


def indent(text, most=200):
    lines = text.rstrip().splitlines()
    dropped = len(lines) - most
    if dropped > 0:
        lines = [f"… {dropped} lines", *lines[-most:]]
    return "\n".join("    " + line for line in lines)


# --- commands ---


def execute(argv, env=None, timeout=None):
    """(exit code, output of both kinds). A program that is missing, or hangs, is a failed one."""
    try:
        done = subprocess.run(argv, cwd=ROOT, env={**os.environ, **(env or {})}, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout
    except FileNotFoundError as missing:
        return 127, f"missing: {missing.filename}"
    except subprocess.TimeoutExpired as late:
        return 124, f"{late.stdout or ''}\nstill running after {timeout} s: {' '.join(argv)}"


def must(results, name, argv, **options):
    """A command as a case: whether it succeeded."""
    code, output = execute([str(a) for a in argv], **options)
    output = re.sub(r"^\[\d+/\d+\] .*\n", "", output, flags=re.MULTILINE)  # ninja's progress
    return results.add(name, "" if code == 0 else output or f"exit code {code}")


def fixed_addresses():
    """The sanitizers of these compilers lose their shadow where the kernel randomises more than
    they know of; this prefix runs a command with its addresses where they were meant to be."""
    prefix = ["setarch", os.uname().machine, "-R"]
    return prefix if execute([*prefix, "true"])[0] == 0 else []


def configure(results, preset, *options):
    return must(results, f"{preset} configures", ["cmake", "--preset", preset, *options])


def build(results, preset, *targets):
    chosen = ["--target", *targets] if targets else []
    return must(results, f"{preset} builds without a warning",
                ["cmake", "--build", ROOT / "build" / preset, "-j", JOBS, *chosen])


# --- test programs and suites ---


def count_program(results, preset, case):
    """One ctest entry: a program of many TESTs that reports in cmocka's words, or one case."""
    name = f"{preset}: {case.get('name')}"
    output = case.findtext("system-out") or ""
    passed = len(re.findall(r"^\[       OK \]", output, re.MULTILINE))
    failed = sorted(set(re.findall(r"^\[  FAILED  \] (?!\d+ test)(\w+)", output, re.MULTILINE)))
    if case.get("status") == "run" and not failed:
        results.add_passed(max(passed, 1))
        return
    results.add_passed(passed)
    for each in failed[1:]:
        results.add(f"{name}: {each}", "see above")
    results.add(f"{name}: {failed[0]}" if failed else f"{name} ({case.get('status')})",
                output or "no output")


def run_programs(results, preset, *filters, prefix=()):
    """The unit and contract tests of a build, by ctest."""
    directory = ROOT / "build" / preset
    before = len(results.failures)
    report = directory / "ctest.xml"
    report.unlink(missing_ok=True)
    code, output = execute(
        [*prefix, "ctest", "--test-dir", str(directory), "-j", str(JOBS), "--no-tests=ignore",
         "--output-junit", str(report), "--test-output-size-passed", "10000000",
         "--test-output-size-failed", "10000000", "--timeout",
         str(120 * MIGHT_WAIT.get(preset, 1)), *filters])
    if not report.exists():
        results.add(f"{preset}: ctest", output if code else "")
        return
    for case in xml.parse(report).getroot().iter("testcase"):
        count_program(results, preset, case)
    if code != 0 and len(results.failures) == before:
        results.add(f"{preset}: ctest", output)


def run_suite(results, preset, directory, prefix=()):
    """A folder of pytest files, against the programs of a build."""
    if not any(directory.glob("test_*.py")) and not any(directory.glob("*_test.py")):
        return
    before = len(results.failures)
    report = ROOT / "build" / f"{directory.name}-{preset}.xml"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    code, output = execute(
        [*prefix, "/usr/bin/python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider",
         f"--junitxml={report}", str(directory)],
        env={"GUST_BUILD": str(ROOT / "build" / preset)}, timeout=300)
    if not report.exists():
        results.add(f"{preset}: {directory.name}", output or f"exit code {code}")
        return
    for case in xml.parse(report).getroot().iter("testcase"):
        bad = [e for e in case if e.tag in ("failure", "error", "skipped")]
        results.add(f"{preset}: {directory.name}: {case.get('name')}",
                    "\n".join(e.text or e.get("message") or e.tag for e in bad))
    if code != 0 and len(results.failures) == before:
        results.add(f"{preset}: {directory.name}", output)


# --- stages ---


def checks(results):
    """layering, headers alone, format, banned functions, and the checks' own tests"""
    results.add("includes keep to the floors", layering.check_includes(ROOT))
    with ThreadPoolExecutor(JOBS) as pool:
        pending = [(name, pool.submit(check)) for name, check in source.checks(ROOT)]
        for name, future in pending:
            results.add(name, future.result())
    must(results, "dev and .ci/run have no fault that shellcheck knows",
         ["shellcheck", "dev", ".ci/run"])
    run_suite(results, "release", ROOT / "tests" / "checks")


def release(results):
    """optimised build: unit and contract tests, wire, interop; layering over symbols"""
    if not (configure(results, "release") and build(results, "release")):
        return
    results.add("symbols keep to the floors",
                layering.check_symbols(ROOT, ROOT / "build" / "release"))
    run_programs(results, "release")
    for suite in ("bench", "examples", "wire", "interop", "browser"):
        run_suite(results, "release", ROOT / "tests" / suite)


def dev(results):
    """the same tests under ASan and UBSan"""
    if configure(results, "dev") and build(results, "dev"):
        prefix = fixed_addresses()
        run_programs(results, "dev", prefix=prefix)
        run_suite(results, "dev", ROOT / "tests" / "wire", prefix)


def clang(results):
    """clang, too, has nothing to say"""
    if configure(results, "clang"):
        build(results, "clang")


def tsan(results):
    """the threaded tests (…_thread_test) under TSan"""
    if not configure(results, "tsan"):
        return
    listed = execute(["ctest", "--test-dir", "build/tsan", "--show-only=json-v1", "-R",
                      "_thread_test$"])[1]
    names = [test["name"] for test in json.loads(listed)["tests"]]
    if names and build(results, "tsan", *names):
        run_programs(results, "tsan", "-R", "_thread_test$", prefix=fixed_addresses())


def aarch64(results):
    """the cross build, its tests under qemu-user"""
    if configure(results, "aarch64") and build(results, "aarch64"):
        run_programs(results, "aarch64")


def fuzz_one(target, seconds):
    """One target for so long from its committed seeds: what is wrong, and what to say."""
    seeds = ROOT / "fuzz" / "seeds" / target.name
    with tempfile.TemporaryDirectory() as corpus:
        code, output = execute(
            [*fixed_addresses(), str(target), f"-max_total_time={seconds}", "-timeout=10",
             "-print_final_stats=1", f"-artifact_prefix={ROOT}/build/fuzz/{target.name}-",
             corpus, str(seeds)], timeout=seconds + 120)
    runs = re.search(r"number_of_executed_units: (\d+)", output)
    return output if code != 0 or not runs else "", f"{target.name}: {runs and runs[1]} executions"


def fuzz(results):
    """every target from its seeds, 60 s in all"""
    if not (configure(results, "fuzz") and build(results, "fuzz")):
        return
    targets = sorted(p for p in (ROOT / "build" / "fuzz" / "fuzz").glob("*_fuzz") if p.is_file())
    if not targets:
        return
    seconds = max(1, FUZZ_SECONDS // len(targets))
    with ThreadPoolExecutor(JOBS) as pool:
        for target, (problems, figures) in zip(
                targets, pool.map(lambda t: fuzz_one(t, seconds), targets)):
            print(f"    {figures} in {seconds} s", flush=True)
            results.add(f"fuzz: {target.name}", problems)


def consume(results, prefix, language, link):
    """tests/consumer by pkg-config, as a user with a Makefile builds it."""
    compiler, standard, file = {"C": ("gcc", "c17", "consumer.c"),
                                "C++": ("g++", "c++20", "consumer.cpp")}[language]
    name = f"install: a {link} consumer in {language} by pkg-config"
    env = {"PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "LD_LIBRARY_PATH": f"{prefix}/lib"}
    static = ["--static"] if link == "static" else []
    code, flags = execute(["pkg-config", "--cflags", "--libs", *static, "gust"], env)
    if code != 0:
        results.add(name, flags)
        return
    words = [f"{prefix}/lib/libgust.a" if link == "static" and w == "-lgust" else w
             for w in flags.split()]
    program = prefix / f"consumer-{language}-{link}"
    code, output = execute([compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                            "-o", str(program), str(ROOT / "tests" / "consumer" / file), *words])
    if code == 0:
        code, output = execute([str(program)], env)
    results.add(name, output if code else "")


def consume_by_cmake(results, prefix):
    directory = prefix / "consumer-cmake"
    if must(results, "install: find_package(Gust) finds it",
            ["cmake", "-G", "Ninja", "-S", ROOT / "tests" / "consumer", "-B", directory,
             f"-DCMAKE_PREFIX_PATH={prefix}"]) and \
            must(results, "install: a consumer builds by CMake", ["cmake", "--build", directory]):
        for program in sorted(directory.glob("consumer_c*")):
            must(results, f"install: {program.name} runs", [program])


def consume_testing(results, prefix):
    """examples/testing: an application and its tests, as a user builds and runs them."""
    directory = prefix / "testing-cmake"
    if must(results, "install: find_package(Gust) finds Gust::testing",
            ["cmake", "-G", "Ninja", "-S", ROOT / "examples" / "testing", "-B", directory,
             f"-DCMAKE_PREFIX_PATH={prefix}"]) and \
            must(results, "install: an application with tests builds",
                 ["cmake", "--build", directory]):
        must(results, "install: its tests pass", ["ctest", "--test-dir", directory,
                                                  "--no-tests=error", "--output-on-failure"])


def install(results):
    """cmake --install, and programs built against what it laid down"""
    if not (configure(results, "release") and build(results, "release")):
        return
    with tempfile.TemporaryDirectory() as name:
        prefix = pathlib.Path(name)
        staged = ROOT / "build" / "install"
        if not (must(results, "install: configures with a plain lib directory",
                     ["cmake", "--preset", "release", "-B", staged, "-DGUST_TESTS=OFF",
                      "-DCMAKE_INSTALL_LIBDIR=lib"])
                and must(results, "install: builds", ["cmake", "--build", staged, "-j", JOBS])
                and must(results, "install: installs",
                         ["cmake", "--install", staged, "--prefix", prefix])):
            return
        for language in ("C", "C++"):
            for link in ("shared", "static"):
                consume(results, prefix, language, link)
        consume_by_cmake(results, prefix)
        consume_testing(results, prefix)


STAGES = [checks, release, install, dev, clang, tsan, aarch64, fuzz]


def run_stage(stage):
    print(f"== {stage.__name__}: {stage.__doc__}", flush=True)
    started, results = time.monotonic(), Results()
    try:
        stage(results)
    except Exception as error:  # a stage that breaks is a failed case, and the next one runs
        results.add(f"{stage.__name__} itself", f"{type(error).__name__}: {error}")
    print(f"-- {stage.__name__}: {results.passed} passed, {len(results.failures)} failed "
          f"({time.monotonic() - started:.0f} s)", flush=True)
    return results


def heed_signals():
    """A shell lets what it starts in the background ignore SIGINT, nohup SIGHUP, and servers respect
    that; their tests send both."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def main(argv=None):
    names = [stage.__name__ for stage in STAGES]
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("--only", action="append", choices=names, help="run this stage")
    chosen = parser.parse_args(argv).only or names
    if shutil.which("ccache"):
        os.environ.setdefault("CMAKE_C_COMPILER_LAUNCHER", "ccache")
        os.environ.setdefault("CMAKE_CXX_COMPILER_LAUNCHER", "ccache")
    heed_signals()
    all_results = [run_stage(stage) for stage in STAGES if stage.__name__ in chosen]
    failures = [name for results in all_results for name in results.failures]
    for name in failures:
        print(f"FAILED {name}")
    print(f"{sum(r.passed for r in all_results)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
