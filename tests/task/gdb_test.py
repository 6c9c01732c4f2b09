#!/usr/bin/python3
"""Runs a small program under gdb and checks what `gust tasks` lists.

    gdb_test.py PROGRAM SCRIPT
"""
import re
import subprocess
import sys

program, script = sys.argv[1:]
out = subprocess.run(
    ['gdb', '-nx', '-batch', '-iex', 'set debuginfod enabled off', '-ex', 'break stop_here',
     '-ex', 'run', '-ex', 'source ' + script, '-ex', 'gust tasks', '-ex', 'backtrace 1',
     '-ex', 'kill', program],
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60).stdout

expected = [
    r'task "the parent" at 0x[0-9a-f]+, waiting',
    r'task "the first" at 0x[0-9a-f]+, waiting\n(#.*\n)+?#.*gust_sleep.*\n(#.*sleep_deep.*\n){4}'
    r'#.*sleeper.*\n(#.*\n)*?#.*task_main.*\n',
    r'task "the second" at 0x[0-9a-f]+, waiting\n(#.*\n)+?#.*sleeper.*\n',
    r'\n3 tasks\n#0 +stop_here',
]
missing = [e for e in expected if not re.search(e, out)]
for e in missing:
    print('not found: ' + e)
if missing:
    print(out)
sys.exit(1 if missing else 0)
