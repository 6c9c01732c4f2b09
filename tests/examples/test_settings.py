"""settings: the program's own options, wherever they come from, and its log."""

import subprocess

CONFIG = """
# what the tests set
greeting = "Good day"   # in quotes, for its space
lucky = 7, 13:15
log_levels = settings.luck=debug
access_log = off
"""


def test_defaults(example):
    settings = example("settings")
    assert settings.get("/").body == "Hello, world\n"
    assert settings.get("/lucky/7").body == "7 is a number\n"


def test_the_command_line_sets_them(example):
    settings = example("settings", "--greeting=Ahoy", "--pause=1ms", "--lucky=7,13:15")
    assert settings.get("/?name=Ada").body == "Ahoy, Ada\n"
    assert [settings.get(f"/lucky/{n}").body.split()[-1] for n in (7, 12, 13, 15, 16)] == [
        "lucky", "number", "lucky", "lucky", "number"]


def test_a_config_file_sets_them_and_the_log(example, tmp_path):
    config, log = tmp_path / "settings.conf", tmp_path / "settings.log"
    config.write_text(CONFIG + f"log_file = {log}\nlog_to_stderr = on\n")
    settings = example("settings", f"--config={config}", "--lucky=1")
    assert settings.get("/").body == "Good day, world\n"
    assert settings.get("/lucky/1").body == "1 is lucky\n"
    assert settings.get("/lucky/7").body == "7 is a number\n"
    assert settings.drain() == 0
    written = log.read_text()
    assert "settings.luck" in written and "] 7 was tried\n" in written
    assert " access" not in written


def test_the_environment_sets_them(example, monkeypatch):
    monkeypatch.setenv("SETTINGS_GREETING", "Salut")
    assert example("settings").get("/").body == "Salut, world\n"


def run(build, *options):
    return subprocess.run([build / "examples" / "settings", *options], capture_output=True,
                          text=True, timeout=20)


def test_help_shows_them_beside_gusts(build):
    done = run(build, "--help")
    assert done.returncode == 0
    assert "--greeting=TEXT               what / says (default Hello)\n" in done.stdout
    assert "--pause=DURATION" in done.stdout and "--lucky=N,..." in done.stdout
    assert "\nServer:\n" in done.stdout and "--port=N" in done.stdout
    assert run(build, "--version").stdout == "settings 1.0\n"


def test_a_mistake_in_the_file_is_told_with_its_line(build, tmp_path):
    config = tmp_path / "settings.conf"
    config.write_text("greeting = x\npause = soon\n")
    done = run(build, f"--config={config}")
    assert done.returncode == 2
    assert f"{config}:2: Option '--pause' must be a duration" in done.stderr
