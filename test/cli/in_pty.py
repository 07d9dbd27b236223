"""Runs a command in a terminal of its own, and tells what it writes as JSON lines.

python3 in_pty.py COLUMNS ROWS RESIZES COMMAND...

RESIZES is JSON: [{"at": "text", "columns": 40, "rows": 20}, ...], each done once the text has been written after the one before. The lines are
{"data": base64}, {"columns": n, "rows": n} at a resize, and {"code": n} at the end.
"""
import base64
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios


def tell(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


columns, rows = int(sys.argv[1]), int(sys.argv[2])
resizes = json.loads(sys.argv[3])
ready, go = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.close(go)
    os.read(ready, 1)  # until the terminal has its size
    os.execvp(sys.argv[4], sys.argv[4:])
os.close(ready)
resize(terminal, columns, rows)
os.write(go, b".")
os.close(go)

seen = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:  # Linux: the other side is closed
        break
    if not data:
        break
    tell(data=base64.b64encode(data).decode())
    seen += data
    if resizes and resizes[0]["at"].encode() in seen:
        size = resizes.pop(0)
        seen = b""
        # What stands there is shown at the new size before the program knows of it.
        tell(columns=size["columns"], rows=size["rows"])
        resize(terminal, size["columns"], size["rows"])
_, status = os.waitpid(child, 0)
tell(code=os.waitstatus_to_exitcode(status))
