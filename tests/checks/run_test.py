"""tests/run.py counts right, above all what failed: a wrong count would hide what it is for."""

import pathlib
import subprocess
import sys
import xml.etree.ElementTree as xml

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import run  # noqa: E402


def case(status, output):
    element = xml.Element("testcase", name="some_test", status=status)
    xml.SubElement(element, "system-out").text = output
    return element


PASSED = "[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n[       OK ] b\n"
PROGRAMS = {
    "all passed": ("run", PASSED, 2, 0),
    "not a cmocka program": ("run", "hello\n", 1, 0),
    "one failed": ("fail", PASSED + "[  FAILED  ] c\n[  FAILED  ] 1 test(s), listed below:\n"
                   "[  FAILED  ] c\n", 2, 1),
    "two failed": ("fail", "[  FAILED  ] c\n[  FAILED  ] d\n", 0, 2),
    "failed, but exits 0": ("run", "[  FAILED  ] c\n", 0, 1),
    "crashed on its way": ("fail", PASSED + "[ RUN      ] c\nAddressSanitizer\n", 2, 1),
    "leaked at exit": ("fail", PASSED + "LeakSanitizer\n", 2, 1),
    "was never run": ("notrun", "", 0, 1),
    "is disabled": ("disabled", "", 0, 1),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_counted(name, capsys):
    status, output, passed, failed = PROGRAMS[name]
    results = run.Results()
    run.count_program(results, "release", case(status, output))
    assert (results.passed, len(results.failures)) == (passed, failed)


SUITES = {
    "passes": ("def test_a(): pass\n", 1, 0),
    "fails": ("def test_a(): pass\ndef test_b(): assert False\n", 1, 1),
    "skips": ("import pytest\ndef test_a(): pytest.skip()\n", 0, 1),
    "does not import": ("import nothing_of_the_kind\n", 0, 1),
    "has no test": ("x = 1\n", 0, 1),
}


@pytest.mark.parametrize("name", SUITES)
def test_suites_are_counted(name, tmp_path, capsys):
    text, passed, failed = SUITES[name]
    (tmp_path / "test_it.py").write_text(text)
    results = run.Results()
    run.run_suite(results, "release", tmp_path)
    assert (results.passed, len(results.failures)) == (passed, failed)


def test_a_missing_tool_is_a_failure(capsys):
    results = run.Results()
    run.must(results, "it runs", ["no-such-tool-anywhere"])
    assert results.failures == ["it runs"]


def test_a_command_that_hangs_is_a_failure(capsys):
    results = run.Results()
    run.must(results, "it ends", ["sleep", "5"], timeout=0.1)
    assert results.failures == ["it ends"]


def test_a_stage_that_breaks_is_a_failure(capsys):
    def broken(results):
        """breaks"""
        raise OSError("no disk")

    assert run.run_stage(broken).failures == ["broken itself"]


@pytest.mark.parametrize("problems, code, line", [
    ([], 0, "3 passed, 0 failed"), (["wrong"], 1, "2 passed, 1 failed")])
def test_the_last_line_is_the_count_over_all_stages(problems, code, line, monkeypatch, capsys):
    def first(results):
        """two cases"""
        results.add_passed(2)

    def second(results):
        """one case"""
        results.add("the case", problems)

    monkeypatch.setattr(run, "STAGES", [first, second])
    assert run.main([]) == code
    assert capsys.readouterr().out.splitlines()[-1] == line


@pytest.mark.parametrize("arguments, code", [([], 0), (["help"], 0), (["dance"], 2),
                                             (["run", "no-such-example"], 1)])
def test_dev_says_what_it_can(arguments, code):
    done = subprocess.run([run.ROOT / "dev", *arguments], capture_output=True, text=True)
    assert done.returncode == code
    assert ("usage: ./dev" in done.stdout + done.stderr) == (code != 1)
