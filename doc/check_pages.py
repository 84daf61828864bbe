#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Check that the documents say what the sources say.

usage: check_pages.py SOURCE_ROOT

- every function of src/libpralloc.map is named by exactly one manual page of section 3, with a
  prototype, and no page names another one;
- code that is quoted from a file stands there, line for line.  A quote follows a line
  '.\\" from FILE' in a manual page, '<!-- from FILE -->' in a text; code without such a line is
  an error.
"""
import pathlib
import re
import sys

MAN_QUOTE = re.compile(
    r'^\.\\" from (?P<file>\S+)\n\.Bd -literal[^\n]*\n(?P<code>.*?)^\.Ed$', re.M | re.S)
TEXT_QUOTE = re.compile(r'^<!-- from (?P<file>\S+) -->\n```c\n(?P<code>.*?)^```$', re.M | re.S)
TEXT_CODE = re.compile(r'^```c$', re.M)


def functions_of_map(root):
    text = (root / 'src/libpralloc.map').read_text()
    return set(re.findall(r'^\s+(pr_\w+);', text, re.M))


def check_functions(root):
    """Yield what is wrong with the functions that the pages name."""
    exported = functions_of_map(root)
    named = {}
    for page in sorted((root / 'doc').glob('*.3')):
        text = page.read_text()
        synopsis = text.partition('.Sh SYNOPSIS')[2].partition('.Sh DESCRIPTION')[0]
        for name in re.findall(r'^\.Nm (pr_\w+)', text.partition('.Sh SYNOPSIS')[0], re.M):
            if name in named:
                yield f'{page.name}: {name} is in {named[name]} too'
            if not re.search(rf'^\.F[no] {name}\b', synopsis, re.M):
                yield f'{page.name}: {name} has no prototype'
            named[name] = page.name
    for name in sorted(exported - named.keys()):
        yield f'{name} is exported, but no page of section 3 names it'
    for name in sorted(named.keys() - exported):
        yield f'{named[name]}: {name} is not exported'


def check_quotes(root):
    """Yield what is quoted and does not stand in the file; return how many quotes there are."""
    count = 0
    for page in sorted((root / 'doc').glob('*.[1357]')) + sorted((root / 'doc').glob('*.md')):
        text = page.read_text()
        is_text = page.suffix == '.md'
        quotes = list((TEXT_QUOTE if is_text else MAN_QUOTE).finditer(text))
        if is_text and len(TEXT_CODE.findall(text)) != len(quotes):
            yield f'{page.name}: code that does not say which file it is from'
        for quote in quotes:
            code = quote['code'] if is_text else quote['code'].replace(r'\e', '\\')
            source = root / quote['file']
            count += 1
            if not source.is_file():
                yield f'{page.name}: there is no {quote["file"]}'
            elif code not in source.read_text():
                first = code.partition('\n')[0].strip()
                yield f'{page.name}: the quote of {quote["file"]} is not in it ("{first}")'
    if count == 0:
        yield 'no quote was found at all'


def main():
    root = pathlib.Path(sys.argv[1])
    problems = [*check_functions(root), *check_quotes(root)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
