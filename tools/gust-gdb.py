"""gdb: the sleeping tasks of a program that uses Gust, with their backtraces.

    (gdb) source tools/gust-gdb.py
    (gdb) gust tasks

lists the tasks of the selected thread's loop, in a live process or a core dump of one that was built
with debug information. A sleeping task has no registers that gdb could know: they lie on its stack,
where the switch pushed them. An unwinder tells gdb to go on there below its innermost frame.
"""
import gdb
from gdb.unwinder import Unwinder

# What the switch pushed, from where the stored stack pointer points: register and offset, then
# where the program counter lies, and the stack pointer after all is popped. See src/task/switch_*.
LAYOUTS = {
    'x86-64': ([('rbp', 0)], 8, 16 + 128, 'rip', 'rsp'),
    'aarch64': ([('x29', 0)] + [('x%d' % (19 + i), 16 + 8 * i) for i in range(10)], 8, 160,
                'pc', 'sp'),
}

N_STACKS = 64  # of a slab, see src/task/stack.c
FIRST_ARENA = 1536  # GU_TASK_FIRST_ARENA
STATES = {1: 'running', 2: 'waiting', 3: 'woken'}


def layout():
    name = gdb.selected_frame().architecture().name()
    return LAYOUTS['aarch64' if name.startswith('aarch64') else 'x86-64']


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class TaskUnwinder(Unwinder):
    """While it is on, the frame outside the innermost one is the one in which a task stands."""

    def __init__(self):
        super().__init__('gust-task')
        self.sp = self.at = None

    def __call__(self, frame):
        if self.sp is None:
            return None
        registers, pc_at, size, pc, sp = layout_now
        if int(frame.read_register(sp)) != self.at:
            return None
        word = gdb.lookup_type('unsigned long')
        read = lambda offset: gdb.Value(self.sp + offset).cast(word.pointer()).dereference()
        here = gdb.Value(self.sp).cast(word)  # gdb wants frames to lie one above the other
        info = frame.create_unwind_info(FrameId(here, frame.read_register(pc)))
        for register, offset in registers:
            info.add_saved_register(register, read(offset))
        info.add_saved_register(pc, read(pc_at))
        info.add_saved_register(sp, gdb.Value(self.sp + size).cast(word))
        return info


unwinder = TaskUnwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)
layout_now = None


def backtrace(task):
    """The lines of a task's backtrace."""
    global layout_now
    layout_now = layout()
    gdb.execute('frame 0', to_string=True)
    unwinder.at = int(gdb.selected_frame().read_register(layout_now[4]))
    unwinder.sp = int(task['sp'])
    gdb.invalidate_cached_frames()
    try:
        lines = gdb.execute('backtrace', to_string=True).splitlines()
    finally:
        unwinder.sp = None
        gdb.invalidate_cached_frames()
    return lines[1:]  # without the frame in which the thread itself stands


def tasks_of(room):
    """The tasks of a loop that are there."""
    kind = gdb.lookup_type('struct gust_task')
    links = gdb.lookup_type('struct gu_stack')
    slab = room['stacks']['slabs']
    while int(slab) != 0:
        size = stack_size(slab)
        for i in range(N_STACKS):
            if not int(slab['cold']) >> i & 1:
                top = int(slab['memory']) + (i + 1) * size
                at = top - links.sizeof - FIRST_ARENA - kind.sizeof
                task = gdb.Value(at).cast(kind.pointer())
                if int(task['state']) in STATES:
                    yield task
        slab = slab['next']


def stack_size(slab):
    """From a stack of the slab that is in use: sanitized builds have larger ones."""
    links = gdb.lookup_type('struct gu_stack')
    for size in (64 * 1024, 256 * 1024):
        first = int(slab['memory']) + size - links.sizeof
        stack = gdb.Value(first).cast(links.pointer())
        if int(stack['slab']) == int(slab):
            return size
    return 64 * 1024


class Gust(gdb.Command):
    """Commands for programs that use Gust."""

    def __init__(self):
        super().__init__('gust', gdb.COMMAND_STACK, prefix=True)


class GustTasks(gdb.Command):
    """Lists the tasks of the selected thread's loop, with the backtraces of those that sleep."""

    def __init__(self):
        super().__init__('gust tasks', gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        symbol = gdb.lookup_static_symbol('here') or gdb.lookup_symbol('here')[0]
        room = symbol.value(gdb.newest_frame()) if symbol else None
        if room is None or int(room) == 0:
            raise gdb.GdbError('this thread has no tasks (or no debug information)')
        n = 0
        for task in tasks_of(room.dereference()):
            n += 1
            state = int(task['state'])
            print('task "%s" at %#x, %s%s' % (task['name'].string(), int(task), STATES[state],
                                              ', cancelled' if int(task['cancel']) else ''))
            if state != 1:
                print('\n'.join(backtrace(task)))
        print('%d tasks' % n)


Gust()
GustTasks()
