"""The expressions of the comparison with Tornado's templates: rule by rule, each printed with V."""

from template_cases import ROWS

V = {"n": None, "t": True, "f": False, "i": 7, "neg": -7, "r": 2.5, "s": "hello", "e": "",
     "l": [1, 2, 3], "d": {"a": 1, "b": {"c": "deep"}}, "rows": ROWS, "u": "héllo wörld"}

EXPRESSIONS = {
    "literals": {
        "None": "None", "True": "True", "False": "False", "int": "42", "zero": "0",
        "hexadecimal": "0xff", "octal": "0o17", "binary": "0b101", "underscores": "1_000_000",
        "float": "1.5", "a float without digits in front": ".5", "a float without digits behind": "1.",
        "exponent": "1e3", "a large float": "1e16", "below it": "1e15", "a small float": "0.0001",
        "a smaller float": "0.00001", "digits": "0.1 + 0.2", "a float that is whole": "3.0",
        "minus zero": "-0.0", "a very large one": "1.7976931348623157e308", "the least": "5e-324",
        "infinity": "float('inf')", "nan": "float('nan')", "third": "1 / 3", "e22": "1e22",
        "text in single quotes": "'a'", "text in double quotes": '"a"',
        "escapes": r"'a\tb\\c\'d\x41\u00e9\101'", "an escape that is none": r"'\d'",
        "raw text": r"r'a\nb'", "text side by side": "'a' \"b\" 'c'",
        "text of three quotes": "'''a'b'''", "quotes in text": "\"it's\"",
        "a long escape": r"'\U0001f600'",
        "list": "[1, 'a', None]", "an empty list": "[]", "a list with a comma at the end": "[1, 2,]",
        "tuple": "(1, 2)", "a tuple of one": "(1,)", "an empty tuple": "()",
        "a tuple without parentheses": "1, 2", "dict": "{'a': 1, 2: [3]}", "an empty dict": "{ }",
        "keys that are equal": "{1: 'a', True: 'b', 1.0: 'c'}",
        "a dict of many": "{i: i * i for i in range(20)}[13]",
    },
    "printing": {
        "repr of text": "['a\\'b', \"c\\\"d\", 'e\\n', 'é', '\\x00', '\\u200b']",
        "repr of nested": "[1.0, (True, None), {'k': []}]", "str of a dict": "d", "str of a list": "l",
        "repr of both quotes": "['a\\'b\"c']", "an emoji in a list": "['😀']", "rows": "rows",
        "repr of a nbsp": "['\\xa0', '\\xad', '\\ufeff']",
    },
    "names and items": {
        "a name": "s", "a name that is not there": "nothing", "an attribute": "d.a",
        "attributes": "d.b.c", "an attribute that is not there": "d.x",
        "an attribute of a number": "i.x", "an item": "d['a']", "an item of a list": "l[1]",
        "an item from the end": "l[-1]", "an item of text": "u[1]", "an item of text from the end":
        "u[-4]", "an item that is not there": "l[3]", "a key that is not there": "d['x']",
        "a key of another type": "d[1]", "an index that is none": "l['a']",
        "an item of a number": "i[0]", "an item of None": "n[0]", "True as an index": "l[True]",
        "a tuple as a key": "{(1, 2): 3}[1, 2]", "a list as a key": "{[]: 1}",
        "items of items": "rows[0]['tags'][1]", "given map": "given_map.b", "given list": "given_list",
        "given map printed": "given_map", "of an object": "thing.colour",
        "a function of an object": "thing.twice('a')",
    },
    "slices": {
        "slice": "l[1:]", "slice to": "l[:2]", "slice between": "l[1:2]", "slice of all": "l[:]",
        "slice by steps": "range(10)[::3]", "slice back": "l[::-1]", "slice of text": "u[1:4]",
        "slice of text back": "u[::-1]", "slice from the end": "u[-5:-1]", "slice beyond": "l[5:9]",
        "slice of a tuple": "(1, 2, 3)[1:]", "slice by None": "l[None:2]", "slice of nothing": "l[2:1]",
        "slice by two of text": "s[::2]", "slice back from": "s[3:0:-1]", "slice by zero": "l[::0]",
        "slice of None": "n[1:]", "slice by text": "l['a':]", "slice far": "s[-100:100]",
        "slice of a range": "list(range(10)[2:8:2])", "slice back far": "s[100:-100:-2]",
    },
    "arithmetic": {
        "add": "1 + 2", "subtract": "1 - 2", "multiply": "3 * 4", "divide": "7 / 2",
        "divide evenly": "6 / 2", "floor": "7 // 2", "floor of negative": "-7 // 2",
        "floor of both negative": "-7 // -2", "modulo": "7 % 3", "modulo of negative": "-7 % 3",
        "modulo by negative": "7 % -3", "power": "2 ** 10", "power to the right": "2 ** 3 ** 2",
        "power of negative": "-2 ** 2", "power to negative": "2 ** -1", "power of zero": "0 ** 0",
        "float floor": "7.5 // 2", "float modulo": "7.5 % 2", "float modulo negative": "-7.5 % 2",
        "float floor negative": "-7.5 // 2", "float power": "2.0 ** 0.5", "mixed": "1 + 2.5",
        "divide by zero": "1 / 0", "floor by zero": "1 // 0", "modulo by zero": "1 % 0",
        "float by zero": "1.0 / 0", "zero to negative": "0 ** -1", "precedence": "1 + 2 * 3 - 4 / 2",
        "parentheses": "(1 + 2) * 3", "unary": "-i + +i", "not of bits": "~5", "bits": "6 & 3 | 8 ^ 1",
        "shifts": "1 << 4 >> 1", "bool and int": "True + True", "bits of bool": "True & False",
        "bits of float": "1.0 & 1", "a negative shift": "1 << -1", "unary of text": "-s",
        "add text": "'a' + 'b'", "add text and int": "'a' + 1", "add lists": "[1] + [2]",
        "add tuples": "(1,) + (2,)", "add list and tuple": "[1] + (2,)", "repeat text": "'ab' * 3",
        "repeat a list": "[0] * 3", "repeat from the left": "2 * 'ab'", "repeat less than once":
        "'a' * -1", "repeat by float": "'a' * 1.0", "subtract text": "'a' - 'b'",
        "float overflow": "1e308 * 10", "large and float": "9007199254740993 + 0.0",
        "int against float": "9007199254740993 == 9007199254740992.0",
    },
    "comparison": {
        "equal": "1 == 1.0", "not equal": "1 != 2", "less": "1 < 2", "less or equal": "2 <= 2",
        "more": "1 > 2", "more or equal": "1 >= 2", "chain": "1 < 2 < 3", "chain that fails":
        "1 < 3 < 2", "chain of equals": "1 == 1 == 1", "text": "'a' < 'b'", "text of lengths":
        "'a' < 'ab'", "text and int": "'a' < 1", "text equals int": "'1' == 1", "lists": "[1, 2] < [1, 3]",
        "lists of lengths": "[1] < [1, 0]", "list equals tuple": "[1] == (1,)", "dicts":
        "{'a': 1} == {'a': 1.0}", "dicts that differ": "{'a': 1} == {'b': 1}", "None is": "n is None",
        "is not": "i is not None", "None equals": "None == 0", "None less": "None < 1", "in a list":
        "2 in l", "not in a list": "5 not in l", "in text": "'ell' in s", "in a dict": "'a' in d",
        "in a range": "5 in range(0, 10, 5)", "not in a range": "4 in range(0, 10, 5)",
        "int in text": "1 in s", "in a number": "1 in i", "true is one": "True == 1",
        "nan": "float('nan') == float('nan')", "nested equality": "rows == rows",
        "range equality": "range(3) == range(0, 3)", "given map in": "'a' in given_map",
        "given equals": "given_map == {'a': 1, 'b': '<'}", "in a tuple": "'x' in ('x', 'y')",
        "in dict values": "1 in d.values()",
    },
    "logic": {
        "and": "1 and 2", "and of false": "0 and 1 / 0", "or": "0 or 'x'", "or of true": "1 or 1 / 0",
        "not": "not e", "not binds": "not 1 == 2", "if else": "'a' if t else 'b'",
        "if else of false": "1 / 0 if f else 'b'", "if else nested": "1 if f else 2 if f else 3",
        "or and and": "0 or 1 and 2", "truth of a dict": "not {}", "truth of zero": "not 0.0",
        "truth of a range": "not range(0)", "truth of text": "not ' '",
    },
    "comprehensions": {
        "list comprehension": "[x * 2 for x in l]", "with a condition": "[x for x in l if x > 1]",
        "with conditions": "[x for x in range(20) if x % 2 if x % 3]", "of pairs":
        "[k + str(v) for k, v in {'a': 1}.items()]", "dict comprehension":
        "{x: x * x for x in l}", "generator": "sum(x * x for x in l)", "generator with a condition":
        "sum(x for x in l if x != 2)", "any stops": "any(1 // x for x in [1, 0])",
        "all stops": "all(x for x in [0, 1 / 1])", "generator of rows": "max(r.id for r in rows)",
        "generator joined": "', '.join(r['name'] for r in rows)", "nested comprehension":
        "[[y * x for y in l] for x in l]", "its own names": "[s for s in l] and s",
        "conditional inside": "[x if x > 1 else 0 for x in l]", "over a conditional":
        "[x for x in (l if t else [])]", "list of a generator": "list(x for x in 'ab')",
        "sorted generator": "sorted(-x for x in l)", "over text": "[c for c in 'ab']",
        "the outer name in the iterable": "[i for i in [i]]",
    },
    "calls": {
        "call": "twice('ab')", "call with a name": "twice('ab', count=3)", "call with names":
        "twice(text='x', count=2)", "call of what is no function": "i()", "call of text":
        "'a'()", "call that is not there": "nothing(1)", "call with a comma": "twice('a',)",
        "call of a method kept": "[f('b') for f in ['abc'.find]][0]", "arguments":
        "count_all(1, 2, 3, 4, 5, 6)", "what comes back": "pass_on([1, 2])[1]", "a dict handed over": "pass_on({'a': [1]})['a']",
    },
    "builtins": {
        "len of text": "len(u)", "len of a list": "len(l)", "len of a dict": "len(d)", "len of a number":
        "len(i)", "len of a range": "len(range(0, 10, 3))", "str": "str(1.5) + str(None)", "str of nothing":
        "str()", "int": "int('12') + int(3.9) + int(True)", "int of space": "int(' 7 ')",
        "int of text that is none": "int('x')", "int of a negative float": "int(-3.9)", "int of None":
        "int(None)", "float": "float('1.5') + float(2)", "float of text": "float('1e3')",
        "float of text that is none": "float('x')", "bool": "bool('') or bool([0])", "repr":
        "repr('a')", "abs": "abs(-3)", "abs of a float": "abs(-2.5)", "min": "min(3, 1, 2)", "max":
        "max([3, 1, 2])", "max of none": "max([])", "max by default": "max([], default=5)", "min by key":
        "min(['ccc', 'a', 'bb'], key=len)", "max of text": "max('hello')", "sum": "sum(l)", "sum from":
        "sum(l, 10)", "sum of floats": "sum([0.5, 0.25])", "sum of text": "sum(['a'])", "sorted":
        "sorted([3, 1, 2])", "sorted back": "sorted([3, 1, 2], reverse=True)", "sorted by key":
        "sorted(['bb', 'a', 'cc'], key=len)", "sorted stays": "sorted([(1, 'b'), (0, 'c'), (1, 'a')])",
        "sorted by key back": "sorted(['bb', 'a', 'cc'], key=len, reverse=True)", "sorted of mixed":
        "sorted([1, 'a'])", "reversed": "list(reversed(l))", "reversed text": "''.join(reversed('abc'))",
        "range": "list(range(3))", "range from": "list(range(1, 4))", "range by": "list(range(10, 0, -3))",
        "range by zero": "range(1, 2, 0)", "range printed": "range(3)", "range by printed":
        "range(0, 5, 2)", "enumerate": "list(enumerate('ab'))", "enumerate from":
        "list(enumerate('ab', 1))", "enumerate by name": "list(enumerate('ab', start=5))", "zip":
        "list(zip([1, 2, 3], 'ab'))", "zip of one": "list(zip([1]))", "zip of none": "list(zip())",
        "list of a dict": "list(d)", "tuple": "tuple(l)", "dict of names": "dict(a=1, b=2)",
        "dict of a dict": "dict({'a': 1}, b=2)", "any": "any([0, 1])", "all": "all([])", "round":
        "round(2.5)", "round up": "round(3.5)", "round to": "round(2.675, 2)", "round an int":
        "round(7)", "round to none": "round(1.5, None)", "round to zero": "round(2.5, 0)", "divmod":
        "divmod(-7, 2)", "chr": "chr(233)", "ord": "ord('é')", "too many arguments": "len(1, 2)",
        "too few arguments": "len()", "a name that is no argument": "len(x=1)", "str of a tuple":
        "str((1, 'a'))", "bool printed": "bool(1)", "an iterator is used up":
        "[list(z) for z in [zip([1], [2])] * 2]",
    },
    "methods of text": {
        "upper": "u.upper()", "lower": "'HÉLLO Σ ΑΣ'.lower()", "title": "\"they're bill's é\".title()",
        "capitalize": "'hELLO wORLD'.capitalize()", "swapcase": "'Hello É'.swapcase()", "sharp s":
        "'straße'.upper()", "strip": "'  a b \\n'.strip() + '|'", "lstrip": "'  a '.lstrip() + '|'",
        "rstrip": "'  a '.rstrip() + '|'", "strip a set": "'xxaxyx'.strip('xy')", "strip nbsp":
        "'\\xa0a\\u2003'.strip()", "split": "' a  b c '.split()", "split at": "'a,b,,c'.split(',')",
        "split at most": "'a,b,c'.split(',', 1)", "split words at most": "'a b  c '.split(None, 1)",
        "split by name": "'a-b-c'.split('-', maxsplit=1)", "split at nothing": "'a'.split('')",
        "split of nothing": "''.split()", "split of nothing at": "''.split(',')", "rsplit":
        "'a,b,c'.rsplit(',', 1)", "rsplit words": "' a b  c '.rsplit(None, 1)", "rsplit all":
        "'a b'.rsplit()", "splitlines": "'a\\nb\\r\\nc\\rd\\n'.splitlines()", "splitlines with ends":
        "'a\\nb'.splitlines(True)", "join": "'-'.join(['a', 'b'])", "join of numbers": "'-'.join([1])",
        "join of text": "','.join('abc')", "replace": "'aaa'.replace('a', 'b')", "replace at most":
        "'aaa'.replace('a', 'b', 2)", "replace nothing": "'ab'.replace('', '-')", "replace by nothing":
        "'a.b.'.replace('.', '')", "startswith": "s.startswith('he')", "startswith any":
        "s.startswith(('x', 'he'))", "endswith": "s.endswith('lo')", "startswith a number":
        "s.startswith(1)", "find": "u.find('w')", "find nothing": "s.find('z')", "rfind": "s.rfind('l')",
        "index": "s.index('l')", "index of nothing": "s.index('z')", "rindex": "s.rindex('l')", "count":
        "'banana'.count('an')", "count of nothing": "s.count('')", "isdigit":
        "'123'.isdigit() and not ''.isdigit()", "isspace": "' \\t'.isspace()", "center":
        "'ab'.center(7, '*')", "center even": "'abc'.center(8, '*')", "ljust": "'ab'.ljust(5) + '|'",
        "rjust": "'ab'.rjust(5, '.')", "zfill": "'-42'.zfill(6)", "zfill of text": "'ab'.zfill(4)",
        "partition": "'a=b=c'.partition('=')", "partition at nothing": "'abc'.partition('=')",
        "rpartition": "'a=b=c'.rpartition('=')", "rpartition at nothing": "'abc'.rpartition('=')",
        "removeprefix": "'abc'.removeprefix('a')", "removesuffix": "'abc'.removesuffix('c')",
        "removesuffix of nothing": "'abc'.removesuffix('x')", "a method that is not there": "s.foo()",
        "find of empty": "'abc'.find('')", "rfind of empty": "'abc'.rfind('')", "greek": "'ΑΒΓ'.lower()",
        "cyrillic": "'привет'.title()",
    },
    "methods of lists and dictionaries": {
        "append": "[x.append(3) or x for x in [[1]]]", "insert": "[x.insert(1, 9) or x for x in [[1, 2]]]",
        "insert from the end": "[x.insert(-1, 9) or x for x in [[1, 2]]]", "pop":
        "[[x.pop(), x] for x in [[1, 2]]]", "pop at": "[[x.pop(0), x] for x in [[1, 2]]]", "pop of none":
        "[].pop()", "extend": "[x.extend('ab') or x for x in [[1]]]", "list reverse":
        "[x.reverse() or x for x in [[1, 2, 3]]]", "list sort":
        "[x.sort(reverse=True) or x for x in [[1, 3, 2]]]", "list copy": "[1].copy()", "list clear":
        "[x.clear() or x for x in [[1]]]", "list count": "[1, 2, 1].count(1)", "list index":
        "[1, 2].index(2)", "list index of none": "[1].index(5)", "tuple index": "(1, 2).index(2)",
        "tuple append": "(1,).append(2)", "get": "d.get('a')", "get of none": "d.get('x')",
        "get by default": "d.get('x', 5)", "keys": "list(d.keys())", "keys printed": "{'a': 1}.keys()",
        "values": "list({'a': 1}.values())", "values printed": "{'a': 1}.values()", "items":
        "list({'a': 1}.items())", "items printed": "{'a': 1}.items()", "items sorted":
        "sorted({'b': 1, 'a': 2}.items())", "dict pop": "[[x.pop('a'), x] for x in [{'a': 1}]]",
        "dict pop of none": "{}.pop('a')", "dict pop by default": "{}.pop('a', 3)", "setdefault":
        "[[x.setdefault('a', 1), x] for x in [{}]]", "update":
        "[x.update({'b': 2}) or x for x in [{'a': 1}]]", "dict copy": "{'a': 1}.copy()",
        "keys have no index": "d.keys()[0]", "a dict changes as it grows":
        "[[x.pop(i) for i in range(15)] and x for x in [{i: 1 for i in range(16)}]]",
    },
    "%": {
        "percent s": "'%s' % 'a'", "percent of several": "'%s-%s' % (1, 'b')", "percent of a list":
        "'%s' % [1]", "percent d": "'%d' % 42", "percent d of a float": "'%d' % 3.9", "percent d of text":
        "'%d' % 'a'", "percent by name": "'%(a)s and %(b)s' % {'a': 1, 'b': 2}", "percent by a name "
        "that is not there": "'%(x)s' % {}", "percent width": "'%5d|' % 42", "percent left":
        "'%-5d|' % 42", "percent zeros": "'%05d' % -42", "percent sign": "'%+d % d' % (1, 2)",
        "percent precision": "'%.3f' % 3.14159", "percent f": "'%f' % 1", "percent e": "'%e' % 12345.678",
        "percent g": "'%g %g' % (1e10, 0.0001)", "percent x": "'%x %X %o' % (255, 255, 8)",
        "percent alternate": "'%#x %#o' % (255, 8)", "percent c": "'%c%c' % ('a', 98)", "percent r":
        "'%r' % 'a'", "percent percent": "'100%%' % ()", "percent cut": "'%.2s' % 'abcdef'",
        "percent star": "'%*d' % (5, 42)", "percent with too few": "'%s %s' % 1", "percent with too many":
        "'%s' % (1, 2)", "percent of nothing": "'abc' % 1", "percent of a dict without names":
        "'abc' % {'a': 1}", "percent unknown": "'%z' % 1", "percent at the end": "'%' % 1",
        "percent wide text": "'%6s|%-6s|' % ('é', 'é')", "percent digits": "'%.3d' % 5",
        "percent name of a list": "'%(a)s' % [1]", "percent inf": "'%f' % float('inf')", "percent i u":
        "'%i %u' % (1, 2)", "percent with l": "'%ld' % 5", "percent zeros of a float": "'%08.2f' % -3.14159",
    },
    ".format()": {
        "format": "'{} {}'.format(1, 'a')", "format by place": "'{1}{0}'.format('a', 'b')",
        "format by name": "'{a}{b}'.format(a=1, b=2)", "format braces": "'{{{}}}'.format(1)",
        "format attribute": "'{0.a} {0[a]}'.format(d)", "format item": "'{0[1]}'.format(l)",
        "format float": "'{:.2f}'.format(3.14159)", "format width": "'{:5}|{:>5}|{:^5}|{:<5}|'.format("
        "'a', 'a', 'a', 1)", "format fill": "'{:*^7}'.format('a')", "format zeros": "'{:05d}'.format(-42)",
        "format group": "'{:,}'.format(1234567)", "format group float": "'{:,.2f}'.format(1234567.891)",
        "format percent": "'{:.1%}'.format(0.1234)", "format hex": "'{:x} {:#X} {:b}'.format(255, 255, 5)",
        "format sign": "'{:+d} {: d}'.format(1, 2)", "format repr": "'{!r} {!s}'.format('a', 'b')",
        "format cut": "'{:.2}'.format('abc')", "format with too few": "'{} {}'.format(1)",
        "format by a name that is not there": "'{x}'.format(a=1)", "format that does not end":
        "'{'.format(1)", "format of a single brace": "'}'.format(1)", "format of a list":
        "'{}'.format([1])", "format text as int": "'{:d}'.format('a')", "format exponent":
        "'{:e}'.format(12345.678)", "format g": "'{:g}'.format(0.5)", "format bool": "'{}'.format(True)",
        "format int as float": "'{:.1f}'.format(3)", "format group by _": "'{:_x}'.format(1048576)",
        "format between sign": "'{:=+6}'.format(42)" , "format float plain": "'{}'.format(1.5)",
    },
    "Tornado's functions": {
        "escape": "escape('<a>&\"\\'')", "xhtml_escape": "xhtml_escape('<')", "url_escape":
        "url_escape('a b&c/é')", "url_escape of a path": "url_escape('a b/c', plus=False)",
        "url_escape of a number": "url_escape(1)", "squeeze": "squeeze('  a \\n\\t b\\x00 c ')",
        "json_encode": "json_encode({'a': [1, None, True, 1.5, 'é</script>']})", "json_encode of keys":
        "json_encode({1: 2, None: 3, True: 4})", "json_encode of rows": "json_encode(rows)",
        "json_encode of a tuple": "json_encode((1, 'a'))",
        "linkify": "linkify('see http://example.com/a?b=c&d.')", "linkify www":
        "linkify('go to www.example.com!')", "linkify brackets":
        "linkify('(http://a.com/b_(c)) and http://a.com/b_(c)_d')", "linkify none": "linkify('a.b <c>')",
        "linkify quotes": "linkify('\"http://a.com/\"')", "linkify ftp": "linkify('ftp://a.com/x')",
        "linkify permitted": "linkify('ftp://a.com/x', permitted_protocols=['ftp'])", "linkify needs":
        "linkify('www.a.com http://b.com', require_protocol=True)", "linkify extra":
        "linkify('www.a.com', extra_params=' rel=\"nofollow\" ')", "linkify short":
        "linkify('http://www.example.com/a-long-path/that-goes-on.html?x=1', shorten=True)",
        "linkify short host": "linkify('http://' + 'a' * 60 + '.com/', shorten=True)", "linkify short "
        "entity": "linkify('http://www.example.com/?abc&def&ghi&jkl&mno', shorten=True)",
        "linkify in a word": "linkify('xhttp://a.com ahttp:/b -http://c.com')", "linkify protocol alone":
        "linkify('http:// and http:/// x')", "linkify many": "linkify('a http://b.c/ d www.e.f g')",
        "linkify short www": "linkify('www.example.com/a/b/c/d/e/f/g/h/i/j/k/l/m', shorten=True)",
    },
    "wrong arguments": {text: text for text in (
        "s.center('a')", "s.center(5, 'ab')", "s.center(5, 1)", "s.count(1)", "s.endswith(1)",
        "s.endswith(('a', 1))", "s.find(1)", "s.index(None)", "s.join(5)", "s.join([None])",
        "s.ljust('a')", "s.lstrip(1)", "s.partition('')", "s.partition(1)", "s.removeprefix(1)",
        "s.removesuffix(1)", "s.replace(1, 'a')", "s.replace('a', 1)", "s.replace('a', 'b', 'c')",
        "s.rfind(1)", "s.rindex('z')", "s.rjust(None)", "s.rpartition('')", "s.rsplit(1)",
        "s.rsplit('')", "s.split(1)", "s.split('l', 'a')", "s.startswith([1])", "s.strip(1)",
        "s.zfill('a')", "s.upper(1)", "s.replace('a')", "s.split(foo=1)", "s.join()",
        "[1].append()", "[1].extend(1)", "[1].insert('a', 1)", "[1].pop('a')", "[1].pop(5)",
        "[1].index(7)", "[1].sort(1)", "[1, 'a'].sort()", "[1].count()", "d.get()", "d.get([])",
        "{}.pop([])", "{}.update(1)", "{}.update([1])", "{}.update([(1, 2, 3)])",
        "{}.setdefault([], 1)", "dict(1)", "dict([(1, 2)])", "dict([[1]])", "len(None)", "len(5)",
        "range('a')", "range(1, 'a')", "range(1, 2, 'a')", "range(1.5)", "list(1)", "tuple(None)",
        "reversed(1)", "list(reversed({'a': 1}.keys()))", "sorted(1)", "sorted([1], key=1)",
        "sorted([None, 1])", "enumerate(1)", "enumerate([1], 'a')", "zip(1)", "zip([1], None)",
        "any(1)", "all(None)", "sum(1)", "sum([1, 'a'])", "sum([], 'a')", "min(1)", "min()",
        "max([1, 'a'])", "max([1], key=5)", "abs('a')", "abs(None)", "int('')", "int('1.5')",
        "int('1_0') + int('+5') + int('-0')", "int('_1')", "int([])", "float('')", "float('1x')",
        "float([])", "float('inf') > float('-inf')", "int(float('nan'))", "int(float('inf'))",
        "divmod(1, 0)", "divmod(1, 'a')", "round('a')", "round(1.5, 'a')", "round(float('nan'))",
        "round(float('inf'))", "round(float('inf'), 2)", "round(True)", "chr('a')", "chr(-1)",
        "chr(1114112)", "ord(1)", "ord('ab')", "ord('')", "str(1, 2)", "bool(1, 2)", "repr()",
        "escape(1)", "url_escape(None)", "squeeze(1)", "linkify(5)", "json_encode(range(3))",
        "json_encode(len)", "json_encode(d.keys())",
        "'a' * 'b'", "[1] * [2]", "None + 1", "1 + None", "-None", "~1.5", "'a' & 1", "1.5 << 1",
        "{} + {}", "1 < None", "[1] < (1,)", "{} < {}", "None in 5", "5 in None", "1 in 'a'",
        "l['a':'b']", "l[0:1:'a']", "n.a", "(1).a", "d[:1]", "s['a']", "s[99]", "(1, 2)[5]",
        "range(3)[5]", "range(3)['a']", "range(5)[::2][1]", "range(5)[-1]", "s()", "d()", "l.a")},
    "errors inside": {text: text for text in (
        "sum(1 / 0 for x in l)", "any(nothing for x in l)", "all(x for x in nothing)",
        "max(x.a for x in l)", "min([x for x in l], key=nothing)", "sorted(1 / x for x in [1, 0])",
        "list(x for x in l if x / 0)", "','.join(x for x in l)", "[1 / 0 for x in l]",
        "[x for x in 5]", "[x for a, b in l]", "[a for a, b in [(1, 2, 3)]]",
        "[a for a, b in [(1,)]]", "{1 / 0: 1 for x in l}", "{1: 1 / 0 for x in l}",
        "{[]: 1 for x in l}", "{1: x for x in 5}", "{1: 2}[1 / 0]", "(1 / 0)[1]", "l[1 / 0]",
        "l[1 / 0:]", "l[:1 / 0]", "l[::1 / 0]", "(1 / 0).a", "(1 / 0)(1)", "twice(1 / 0)",
        "twice(text=1 / 0)", "twice('a', count=nothing)", "[1, 1 / 0]", "(1, 1 / 0)", "{1: 1 / 0}",
        "{1 / 0: 1}", "-(1 / 0)", "not 1 / 0", "1 / 0 and 1", "1 and 1 / 0", "0 or 1 / 0",
        "1 if 1 / 0 else 2", "1 < 1 / 0", "1 / 0 < 1", "1 < 2 < 1 / 0", "'%s' % (1 / 0)",
        "'%d' % None", "'%x' % 1.5", "'%x' % 'a'", "'%c' % 'ab'", "'%c' % 1.5", "'%f' % 'a'",
        "'%*d' % ('a', 1)", "'%*d' % (5,)", "'%.*f' % (2, 1.234)", "'%-*d|' % (5, 1)",
        "'%*d|' % (-5, 1)", "'%(a' % {}", "'%(a)d' % {'a': 'x'}", "'%((a))s' % {'(a)': 1}", "'%5' % 1",
        "'%.' % 1", "'%#o %#X' % (8, 255)", "'%+.1e % d' % (12.5, -3)", "'%G %E' % (1e-10, 1.5)",
        "'%F' % float('nan')", "'%#.0f %#g' % (3, 1.0)", "'%s %s' % ('a',)", "'{0.x}'.format(1)",
        "'{0[5]}'.format([1])", "'{0[a}'.format(d)", "'{0.}'.format(d)", "'{!x}'.format(1)",
        "'{:q}'.format(1)", "'{:.2d}'.format(1)", "'{:d}'.format(1.5)", "'{:f}'.format('a')",
        "'{:+}'.format('a')", "'{:,}'.format('a')", "'{:5}'.format([1])", "'{:.}'.format(1.5)",
        "'{5}'.format(1)", "'{'.format()", "'a}'.format()", "'{0:<5}{0:>5}'.format('é')",
        "'{:+.2f} {:-d}'.format(1.5, -2)", "'{:#x} {:#o} {:#b}'.format(255, 8, 5)",
        "'{:e} {:E} {:G}'.format(1.5, 2.5, 1e-9)", "'{:%}'.format(0.5)", "'{:*>+8d}'.format(5)",
        "'{:010.3f}'.format(-3.14159)", "'{0}{1}{0}'.format(1, 2)", "'{a[b][c]}'.format(a=d)")},
    "links": {text: "linkify(" + repr(text) + ")" for text in (
        "http://a.com", "HTTP://A.com", "https://a.com:8080/b?c=d#e", "a http://b/ c", "www.a", "www.",
        "www", "xwww.a.com", "-www.a.com", ".www.a.com", "http://a.com.", "http://a.com...",
        "http://a.com/(b)", "http://a.com/(b", "http://a.com/)b", "http://(a)", "http://()",
        "http://a.com/b(c)d(e).", "<http://a.com>", "http://a.com&b=c", "http://a.com/&lt;",
        "http://a.com/\"b\"", "http://a.com/'b'", "a:b", "a:/b", "a:///b", "a:////b", "http:/", "é http://é.com/é",
        "http://a.com\nhttp://b.com", "foo@bar.com", "ftp://x http://y", "javascript:/x", "a-b://c",
        "http://a.com/~b", "http://a.com/b~", "http://a.com/*", "http://a.com/b;c", "日本http://a.com")},
    "edges": {text: text for text in (
        "0.0 ** -1", "2.0 ** 5000", "1.5 < float('nan')", "5 < float('nan')", "float('nan') < 5",
        "5 < 1e300", "-5 < -1e300", "5 > 4.5", "4.5 < 5", "5 == 5.0", "-7.5 // -2", "0.0 // 5",
        "-0.0 % 3", "7.5 // 0.1", "'a,b,c'.rsplit(',', 0)", "'abc'.rsplit('x')", "'a b'.split(None, 0)",
        "' a b '.rsplit(None, 0)", "'a'.rpartition('abc')", "['\\U0001f600', '\\U000e0001']",
        "{'a': 1} == {'a': 2}", "[1] == [1, 2]", "[[1]] == [[2]]", "(1, 2) < (1, 3)", "[] < [1]",
        "[1, 'a'] < [1, 2]", "True < 2", "'b' > 'abc'", "'é' > 'z'", "range(0) == range(5, 5)",
        "range(0, 5, 2) == range(0, 6, 2)", "range(3) == [0, 1, 2]", "5 in range(10, 0, -5)",
        "'5' in range(10)", "[x for x in {1: 2}.items()]", "1 in {1: 2}.keys()",
        "{1: 2, 'a': [3]}", "{None: 1, 1.5: 2, (1,): 3}", "{1: 'a'}[1.0]", "{1.5: 'a'}[1.5]",
        "{float('inf'): 1}[float('inf')]", "{len: 1}[len]", "{range(2): 1}[range(2)]",
        "[i for i in (d.keys() or [])]", "list(zip(d.keys(), d.values()))", "s[True:]", "l[-100]",
        "'%s' % None", "'%s' % d", "'%s%%' % 5", "'%s' % ((1, 2),)", "'%-5s|%5s' % ('ab', 'cd')")},
}
